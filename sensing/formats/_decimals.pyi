import numpy as np
import numpy.typing as npt

def parse(
    text: bytes,
    separator: int,
    mark: int,
    places: npt.NDArray[np.int64],
    columns: npt.NDArray[np.float64],
    /,
) -> int: ...
