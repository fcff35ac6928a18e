import numpy as np
import numpy.typing as npt

def parse(
    text: bytes,
    separator: int,
    mark: int,
    columns: npt.NDArray[np.int64],
    rows: npt.NDArray[np.float64],
    /,
) -> int: ...
