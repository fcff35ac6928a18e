/* Inner loops of the analysis, over samples and spans of a few seconds each, where the fixed costs of many
 * small array calls would outweigh the arithmetic. `plain.py` says in numpy what each of them computes; a test
 * holds both to the same numbers.
 *
 * Every function takes arrays that `compiled.py` has prepared, writes into the last of them, and lets other
 * threads run meanwhile. Shapes, item types and bounds of spans are checked here: nothing is read or written
 * outside of the arrays, whatever the caller says. Only Python's stable interface is used, so that one build
 * serves every later version.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 101, CHANNELS = 3 };

typedef Py_ssize_t Size;

/* An array of numbers or of whole numbers, (rows,) or (rows, columns), with any strides. */
typedef struct {
    Py_buffer view;
    char *at;
    Size rows, columns, row_step, column_step;
} Array;

static double number(const Array *a, Size row, Size column)
{
    return *(const double *)(a->at + row * a->row_step + column * a->column_step);
}

static void put(const Array *a, Size row, Size column, double value)
{
    *(double *)(a->at + row * a->row_step + column * a->column_step) = value;
}

static int64_t whole(const Array *a, Size row, Size column)
{
    return *(const int64_t *)(a->at + row * a->row_step + column * a->column_step);
}

static void put_whole(const Array *a, Size row, Size column, int64_t value)
{
    *(int64_t *)(a->at + row * a->row_step + column * a->column_step) = value;
}

/* The arrays of one call: "d" numbers, "i" whole numbers of 64 bits, capital where they are written to. */
static int take(PyObject *args, const char *kinds, Array *arrays)
{
    Size count = (Size)strlen(kinds), k;
    if (PyTuple_Size(args) < count) {
        PyErr_Format(PyExc_TypeError, "%zd arrays expected", count);
        return 0;
    }
    for (k = 0; k < count; k++) {
        Array *a = arrays + k;
        int written = kinds[k] < 'a';
        int flags = PyBUF_STRIDES | PyBUF_FORMAT | (written ? PyBUF_WRITABLE : 0);
        const char *format;
        int fits;
        if (PyObject_GetBuffer(PyTuple_GetItem(args, k), &a->view, flags) < 0)
            break;
        format = a->view.format ? a->view.format : "B";
        if (kinds[k] == 'd' || kinds[k] == 'D')
            fits = strcmp(format, "d") == 0;
        else
            fits = a->view.itemsize == 8 && (strcmp(format, "l") == 0 || strcmp(format, "q") == 0);
        if (!fits || a->view.ndim < 1 || a->view.ndim > 2) {
            PyErr_Format(PyExc_TypeError, "array %zd has the wrong type or shape", k);
            PyBuffer_Release(&a->view);
            break;
        }
        a->at = a->view.buf;
        a->rows = a->view.shape[0];
        a->row_step = a->view.strides[0];
        a->columns = a->view.ndim == 2 ? a->view.shape[1] : 1;
        a->column_step = a->view.ndim == 2 ? a->view.strides[1] : 0;
    }
    if (k == count)
        return 1;
    while (k-- > 0)
        PyBuffer_Release(&arrays[k].view);
    return 0;
}

static PyObject *done(Array *arrays, Size count, const char *wrong)
{
    while (count-- > 0)
        PyBuffer_Release(&arrays[count].view);
    if (wrong != NULL) {
        if (strcmp(wrong, "memory") == 0)
            return PyErr_NoMemory();
        PyErr_SetString(PyExc_ValueError, wrong);
        return NULL;
    }
    Py_INCREF(Py_None);
    return Py_None;
}

static int inside(const Array *spans, Size rows, Size least)
{
    for (Size r = 0; r < spans->rows; r++) {
        int64_t start = whole(spans, r, 0), stop = whole(spans, r, 1);
        if (start < 0 || stop - start < least || stop > rows)
            return 0;
    }
    return 1;
}

/* ---- filters ---- */

/* All sections over `size` samples of `channels` side by side, in place and in steps of one sample, each
 * starting settled at the first. Transposed direct form II, as in scipy.signal.lfilter. */
static inline void run(double *first_row, Size size, Size step, int channels, const Array *sections,
                       const Array *settled)
{
    double start[CHANNELS];
    for (int c = 0; c < channels; c++)
        start[c] = first_row[c];
    for (Size s = 0; s < sections->rows; s++) {
        double b0 = number(sections, s, 0), b1 = number(sections, s, 1), b2 = number(sections, s, 2);
        double a1 = number(sections, s, 4), a2 = number(sections, s, 5);
        double one[CHANNELS], two[CHANNELS];
        double *row = first_row;
        for (int c = 0; c < channels; c++) {
            one[c] = number(settled, s, 0) * start[c];
            two[c] = number(settled, s, 1) * start[c];
        }
        for (Size i = 0; i < size; i++, row += step) {
            for (int c = 0; c < channels; c++) {
                double x = row[c], y = one[c] + b0 * x;
                one[c] = two[c] + x * b1 - y * a1;
                two[c] = x * b2 - y * a2;
                row[c] = y;
            }
        }
    }
}

static inline void forth_and_back(double *room, Size size, int channels, const Array *sections,
                                  const Array *settled)
{
    run(room, size, channels, channels, sections, settled);
    run(room + (size - 1) * channels, size, -(Size)channels, channels, sections, settled);
}

/* values, sections (k, 6), settled (k, 2), out; then the samples mirrored at both ends. */
static PyObject *zero_phase(PyObject *self, PyObject *args)
{
    Array arrays[4], *values = arrays, *sections = arrays + 1, *settled = arrays + 2, *out = arrays + 3;
    const char *wrong = NULL;
    double *room;
    Size pad, n, c;
    (void)self;
    if (!take(args, "dddD", arrays))
        return NULL;
    n = values->rows;
    c = values->columns;
    pad = PyTuple_Size(args) > 4 ? PyLong_AsSsize_t(PyTuple_GetItem(args, 4)) : 0;
    if (n < 1 || c < 1 || c > CHANNELS || pad < 0 || pad > n - 1 || out->rows != n || out->columns != c
        || sections->columns != 6 || settled->columns != 2 || sections->rows != settled->rows)
        return done(arrays, 4, "filter and signal do not fit");
    Py_BEGIN_ALLOW_THREADS
    room = malloc((size_t)((n + 2 * pad) * c) * sizeof *room);
    if (room == NULL)
        wrong = "memory";
    else {
        double *at = room + pad * c;
        for (Size k = 0; k < c; k++) {
            double head = 2 * number(values, 0, k), tail = 2 * number(values, n - 1, k);
            for (Size i = 0; i < n; i++)
                at[i * c + k] = number(values, i, k);
            for (Size i = 1; i <= pad; i++) {
                at[-i * c + k] = head - number(values, i, k);
                at[(n - 1 + i) * c + k] = tail - number(values, n - 1 - i, k);
            }
        }
        if (c == 1)
            forth_and_back(room, n + 2 * pad, 1, sections, settled);
        else if (c == 2)
            forth_and_back(room, n + 2 * pad, 2, sections, settled);
        else
            forth_and_back(room, n + 2 * pad, 3, sections, settled);
        for (Size k = 0; k < c; k++)
            for (Size i = 0; i < n; i++)
                put(out, i, k, at[i * c + k]);
        free(room);
    }
    Py_END_ALLOW_THREADS
    return done(arrays, 4, wrong);
}

/* Place on a line of n points of a place beside it: the nearest one, or as in a mirror at its ends. */
static Size beside(Size place, Size n, int mirrored)
{
    if (place >= 0 && place < n)
        return place;
    if (!mirrored)
        return place < 0 ? 0 : n - 1;
    place %= 2 * n;
    if (place < 0)
        place += 2 * n;
    return place < n ? place : 2 * n - 1 - place;
}

/* values (n, c), [width, mirrored], out (n, c): as scipy.ndimage.uniform_filter1d along the first axis. */
static PyObject *running_mean(PyObject *self, PyObject *args)
{
    Array arrays[3], *values = arrays, *rule = arrays + 1, *out = arrays + 2;
    Size n, width;
    int mirrored;
    (void)self;
    if (!take(args, "diD", arrays))
        return NULL;
    n = values->rows;
    if (rule->rows != 2 || whole(rule, 0, 0) < 1 || whole(rule, 0, 0) > PY_SSIZE_T_MAX / 4 || n < 1
        || out->rows != n || out->columns != values->columns)
        return done(arrays, 3, "window and signal do not fit");
    width = (Size)whole(rule, 0, 0);
    mirrored = whole(rule, 1, 0) != 0;
    Py_BEGIN_ALLOW_THREADS
    for (Size c = 0; c < values->columns; c++) {
        Size leads = width - width / 2 - 1;
        double mean = 0, share = (double)width;
        for (Size k = -(width / 2); k <= leads; k++)
            mean += number(values, beside(k, n, mirrored), c);
        mean /= share;
        put(out, 0, c, mean);
        for (Size i = 1; i < n; i++) {
            Size enters = i + leads, leaves = i - 1 - width / 2;
            mean += (number(values, enters < n ? enters : beside(enters, n, mirrored), c)
                     - number(values, leaves >= 0 ? leaves : beside(leaves, n, mirrored), c))
                    / share;
            put(out, i, c, mean);
        }
    }
    Py_END_ALLOW_THREADS
    return done(arrays, 3, NULL);
}

/* ---- turning points ---- */

/* angle (n,), hysteresis (1,), index and kind (n,) as room; answers how many were found. */
static PyObject *turning_points(PyObject *self, PyObject *args)
{
    Array arrays[4], *angle = arrays, *index = arrays + 2, *kind = arrays + 3;
    Size n, found = 0, low = 0, high = 0;
    int heading = 0;
    double least, bottom, top;
    (void)self;
    if (!take(args, "ddII", arrays))
        return NULL;
    n = angle->rows;
    if (n < 1 || arrays[1].rows < 1 || index->rows < n || kind->rows < n)
        return done(arrays, 4, "no room for turning points");
    Py_BEGIN_ALLOW_THREADS
    least = number(arrays + 1, 0, 0);
    bottom = top = number(angle, 0, 0);
    for (Size i = 0; i < n; i++) {
        double value = number(angle, i, 0);
        if (i > 0 && i < n - 1
            && (number(angle, i + 1, 0) - value < 0) == (value - number(angle, i - 1, 0) < 0))
            continue;
        if (value > top) {
            high = i;
            top = value;
        }
        if (value < bottom) {
            low = i;
            bottom = value;
        }
        if ((heading >= 0 && top - value >= least) || (heading <= 0 && value - bottom >= least)) {
            int falls = heading >= 0 && top - value >= least;
            put_whole(index, found, 0, falls ? high : low);
            put_whole(kind, found++, 0, falls ? 1 : -1);
            heading = falls ? -1 : 1;
            low = high = i;
            bottom = top = value;
        }
    }
    if (heading && found < n) {
        put_whole(index, found, 0, heading > 0 ? high : low);
        put_whole(kind, found++, 0, heading);
    }
    Py_END_ALLOW_THREADS
    done(arrays, 4, NULL);
    return PyLong_FromSsize_t(found);
}

/* speed (n,), spans (r, 2), [share, least, most], out (r, 2): samples of standstill at both ends of each span. */
static Size onset(const Array *speed, Size start, Size size, Size step, double level, double most)
{
    Size moving = 0, fast;
    while (moving < size && !(number(speed, start + moving * step, 0) > level))
        moving++;
    if (moving == 0 || moving == size)
        return 0;
    for (fast = moving; fast < size; fast++)
        if (number(speed, start + fast * step, 0) > 4 * level)
            break;
    /* Speeds that are never so great tell nothing: no more than to the level itself. */
    if (fast == size)
        fast = moving;
    {
        double gained = (double)(fast - moving) < most ? (double)(fast - moving) : most;
        Size onset_at = moving - (Size)gained;
        return onset_at > 0 ? onset_at : 0;
    }
}

static PyObject *standstills(PyObject *self, PyObject *args)
{
    Array arrays[4], *speed = arrays, *spans = arrays + 1, *rule = arrays + 2, *out = arrays + 3;
    (void)self;
    if (!take(args, "didI", arrays))
        return NULL;
    if (spans->columns != 2 || rule->rows != 3 || out->rows != spans->rows || out->columns != 2
        || !inside(spans, speed->rows, 1))
        return done(arrays, 4, "spans lie outside of the speed");
    Py_BEGIN_ALLOW_THREADS
    for (Size r = 0; r < spans->rows; r++) {
        Size start = (Size)whole(spans, r, 0), size = (Size)whole(spans, r, 1) - start;
        double top = 0, level;
        for (Size i = 0; i < size; i++) {
            double value = number(speed, start + i, 0);
            if (value > top)
                top = value;
        }
        level = number(rule, 0, 0) * top;
        if (level < number(rule, 1, 0))
            level = number(rule, 1, 0);
        put_whole(out, r, 0, onset(speed, start, size, 1, level, number(rule, 2, 0)));
        put_whole(out, r, 1, onset(speed, start + size - 1, size, -1, level, number(rule, 2, 0)));
    }
    Py_END_ALLOW_THREADS
    return done(arrays, 4, NULL);
}

/* ---- repetitions stretched to one length ---- */

static void stretch(const Array *values, const Array *spans, Size r, double *out, Size c)
{
    double start = (double)whole(spans, r, 0), stop = (double)whole(spans, r, 1);
    double step = (stop - start) / (POINTS - 1);
    for (Size k = 0; k < POINTS; k++) {
        double at = k == POINTS - 1 ? stop : start + k * step;
        Size low = (Size)at;
        double part;
        if (low > values->rows - 2)
            low = values->rows - 2;
        part = at - (double)low;
        for (Size j = 0; j < c; j++)
            out[k * c + j] = number(values, low, j) * (1 - part) + number(values, low + 1, j) * part;
    }
}

/* A span may end on the point after the last one, as it does in a bout that ends with the recording. */
static int stretchable(const Array *values, const Array *spans)
{
    return spans->columns == 2 && values->rows > 1 && inside(spans, values->rows, 0);
}

/* values (n, c), spans (r, 2), out (r, 101 c). */
static PyObject *normalise_time(PyObject *self, PyObject *args)
{
    Array arrays[3], *values = arrays, *spans = arrays + 1, *out = arrays + 2;
    Size c;
    (void)self;
    if (!take(args, "diD", arrays))
        return NULL;
    c = values->columns;
    if (!stretchable(values, spans) || out->rows != spans->rows || out->columns != POINTS * c
        || out->column_step != sizeof(double))
        return done(arrays, 3, "spans lie outside of the signal");
    Py_BEGIN_ALLOW_THREADS
    for (Size r = 0; r < spans->rows; r++)
        stretch(values, spans, r, (double *)(out->at + r * out->row_step), c);
    Py_END_ALLOW_THREADS
    return done(arrays, 3, NULL);
}

/* values (n, c), spans (r, 2), out (r,): correlation of each stretched span with the mean of the others. */
static PyObject *likenesses(PyObject *self, PyObject *args)
{
    Array arrays[3], *values = arrays, *spans = arrays + 1, *out = arrays + 2;
    const char *wrong = NULL;
    Size c, size, r;
    double *room;
    (void)self;
    if (!take(args, "diD", arrays))
        return NULL;
    c = values->columns;
    r = spans->rows;
    size = POINTS * c;
    if (!stretchable(values, spans) || r < 2 || out->rows != r)
        return done(arrays, 3, "spans lie outside of the signal");
    Py_BEGIN_ALLOW_THREADS
    room = calloc((size_t)((r + 1) * size), sizeof *room);
    if (room == NULL)
        wrong = "memory";
    else {
        double *sum = room + r * size;
        for (Size i = 0; i < r; i++) {
            double *own = room + i * size, mean = 0;
            stretch(values, spans, i, own, c);
            for (Size k = 0; k < size; k++)
                mean += own[k];
            mean /= (double)size;
            for (Size k = 0; k < size; k++) {
                own[k] -= mean;
                sum[k] += own[k];
            }
        }
        for (Size i = 0; i < r; i++) {
            double *own = room + i * size, both = 0, one = 0, others = 0;
            for (Size k = 0; k < size; k++) {
                double other = (sum[k] - own[k]) / (double)(r - 1);
                both += own[k] * other;
                one += own[k] * own[k];
                others += other * other;
            }
            put(out, i, 0, both / (sqrt(one) * sqrt(others) + 1e-12));
        }
        free(room);
    }
    Py_END_ALLOW_THREADS
    return done(arrays, 3, wrong);
}

/* ---- lag between the sides ---- */

/* Lag of greatest normalised correlation of a window of n points along a stretch that reaches `reach` points
 * further on both ends, from its middle; NaN at the edge of the search. `room` holds what all lags need. */
static double slide(const Array *window, Size low, Size n, const Array *other, Size reach, double *room)
{
    Size lags = 2 * reach + 1, size = n + 2 * reach, first = low - reach, best = 0;
    double *piece = room, *own = piece + size, *correlation = own + n, mean = 0, sum = 0, square = 0, curve;
    for (Size i = 0; i < size; i++)
        mean += piece[i] = number(other, first + i, 0);
    mean /= (double)size;
    for (Size i = 0; i < size; i++)
        piece[i] -= mean;
    mean = 0;
    for (Size i = 0; i < n; i++)
        mean += own[i] = number(window, low + i, 0);
    mean /= (double)n;
    for (Size k = 0; k < lags; k++)
        correlation[k] = 0;
    for (Size i = 0; i < n; i++) {
        double value = own[i] - mean;
        const double *along = piece + i;
        for (Size k = 0; k < lags; k++)
            correlation[k] += value * along[k];
    }
    for (Size i = 0; i < n; i++) {
        sum += piece[i];
        square += piece[i] * piece[i];
    }
    for (Size k = 0; k < lags; k++) {
        double spread = (double)n * square - sum * sum;
        correlation[k] /= sqrt(spread > 0 ? spread : 0) + 1e-12;
        if (correlation[k] > correlation[best])
            best = k;
        if (k + 1 < lags) {
            sum += piece[k + n] - piece[k];
            square += piece[k + n] * piece[k + n] - piece[k] * piece[k];
        }
    }
    if (best == 0 || best == lags - 1)
        return NAN;
    curve = correlation[best - 1] - 2 * correlation[best] + correlation[best + 1];
    return (double)(best - reach)
           + (curve != 0 ? 0.5 * (correlation[best - 1] - correlation[best + 1]) / curve : 0.0);
}

/* left and right (n,), windows (p, 3) of first point, stop and reach, out (p,). */
static PyObject *shifts(PyObject *self, PyObject *args)
{
    Array arrays[4], *left = arrays, *right = arrays + 1, *windows = arrays + 2, *out = arrays + 3;
    const char *wrong = NULL;
    Size largest = 0;
    double *room;
    (void)self;
    if (!take(args, "ddiD", arrays))
        return NULL;
    if (windows->columns != 3 || out->rows != windows->rows || left->rows != right->rows)
        return done(arrays, 4, "windows and sides do not fit");
    for (Size r = 0; r < windows->rows; r++) {
        int64_t low = whole(windows, r, 0), high = whole(windows, r, 1), reach = whole(windows, r, 2);
        if (reach < 0 || high <= low || low < reach || reach > left->rows || high > left->rows - reach)
            return done(arrays, 4, "windows lie outside of the sides");
        if (2 * (high - low) + 4 * reach + 1 > largest)
            largest = (Size)(2 * (high - low) + 4 * reach + 1);
    }
    Py_BEGIN_ALLOW_THREADS
    room = malloc((size_t)(largest + 1) * sizeof *room);
    if (room == NULL)
        wrong = "memory";
    else {
        for (Size r = 0; r < windows->rows; r++) {
            Size low = (Size)whole(windows, r, 0), n = (Size)whole(windows, r, 1) - low;
            Size reach = (Size)whole(windows, r, 2);
            double there = slide(left, low, n, right, reach, room);
            double back = slide(right, low, n, left, reach, room);
            put(out, r, 0, (there - back) / 2);
        }
        free(room);
    }
    Py_END_ALLOW_THREADS
    return done(arrays, 4, wrong);
}

/* ---- orientation ---- */

/* quat (n, 4), spans (r, 2), out (r,): cosine of half of the largest rotation within each span. */
static PyObject *least_cosines(PyObject *self, PyObject *args)
{
    Array arrays[3], *quat = arrays, *spans = arrays + 1, *out = arrays + 2;
    (void)self;
    if (!take(args, "diD", arrays))
        return NULL;
    if (quat->columns != 4 || spans->columns != 2 || out->rows != spans->rows || !inside(spans, quat->rows, 1))
        return done(arrays, 3, "spans lie outside of the orientation");
    Py_BEGIN_ALLOW_THREADS
    for (Size r = 0; r < spans->rows; r++) {
        Size from = (Size)whole(spans, r, 0), stop = (Size)whole(spans, r, 1), furthest = from;
        double least = 2.0;
        for (int way = 0; way < 2; way++) {
            double w = number(quat, from, 0), x = number(quat, from, 1);
            double y = number(quat, from, 2), z = number(quat, from, 3);
            least = 2.0;
            for (Size i = (Size)whole(spans, r, 0); i < stop; i++) {
                double cosine = fabs(number(quat, i, 0) * w + number(quat, i, 1) * x + number(quat, i, 2) * y
                                     + number(quat, i, 3) * z);
                if (cosine < least) {
                    least = cosine;
                    furthest = i;
                }
            }
            from = furthest;
        }
        put(out, r, 0, least > 1.5 ? NAN : least);
    }
    Py_END_ALLOW_THREADS
    return done(arrays, 3, NULL);
}

/* acc (n, 3), quat (n, 4), gravity (1,), out (n, 3): acceleration turned into the earth's frame, less gravity. */
static PyObject *free_acceleration(PyObject *self, PyObject *args)
{
    Array arrays[4], *acc = arrays, *quat = arrays + 1, *out = arrays + 3;
    double gravity;
    (void)self;
    if (!take(args, "dddD", arrays))
        return NULL;
    if (acc->columns != 3 || quat->columns != 4 || out->columns != 3 || quat->rows != acc->rows
        || out->rows != acc->rows || arrays[2].rows < 1)
        return done(arrays, 4, "acceleration and orientation do not fit");
    Py_BEGIN_ALLOW_THREADS
    gravity = number(arrays + 2, 0, 0);
    for (Size i = 0; i < acc->rows; i++) {
        double x = number(acc, i, 0), y = number(acc, i, 1), z = number(acc, i, 2);
        double w = number(quat, i, 0), a = number(quat, i, 1), b = number(quat, i, 2), c = number(quat, i, 3);
        /* Twice the cross product of the quaternion's vector and the acceleration. */
        double tx = 2 * (b * z - c * y), ty = 2 * (c * x - a * z), tz = 2 * (a * y - b * x);
        put(out, i, 0, x + w * tx + (b * tz - c * ty));
        put(out, i, 1, y + w * ty + (c * tx - a * tz));
        put(out, i, 2, z + w * tz + (a * ty - b * tx) - gravity);
    }
    Py_END_ALLOW_THREADS
    return done(arrays, 4, NULL);
}

/* acc (n, 3), spans (r, 2), out (r, 2): sum of squared changes of acceleration within each span, and the
 * square of its greatest deviation from its mean. */
static PyObject *jerks(PyObject *self, PyObject *args)
{
    Array arrays[3], *acc = arrays, *spans = arrays + 1, *out = arrays + 2;
    (void)self;
    if (!take(args, "diD", arrays))
        return NULL;
    if (acc->columns != 3 || spans->columns != 2 || out->rows != spans->rows || out->columns != 2
        || !inside(spans, acc->rows, 1))
        return done(arrays, 3, "spans lie outside of the acceleration");
    Py_BEGIN_ALLOW_THREADS
    for (Size r = 0; r < spans->rows; r++) {
        Size start = (Size)whole(spans, r, 0), stop = (Size)whole(spans, r, 1);
        double mean[CHANNELS] = {0, 0, 0}, change = 0, peak = 0;
        for (Size i = start; i < stop; i++)
            for (int c = 0; c < CHANNELS; c++)
                mean[c] += number(acc, i, c);
        for (int c = 0; c < CHANNELS; c++)
            mean[c] /= (double)(stop - start);
        for (Size i = start; i < stop; i++) {
            double off = 0;
            for (int c = 0; c < CHANNELS; c++) {
                double value = number(acc, i, c), step = i + 1 < stop ? number(acc, i + 1, c) - value : 0;
                off += (value - mean[c]) * (value - mean[c]);
                change += step * step;
            }
            if (off > peak)
                peak = off;
        }
        put(out, r, 0, change);
        put(out, r, 1, peak);
    }
    Py_END_ALLOW_THREADS
    return done(arrays, 3, NULL);
}

static PyMethodDef methods[] = {
    {"zero_phase", zero_phase, METH_VARARGS, NULL},
    {"running_mean", running_mean, METH_VARARGS, NULL},
    {"turning_points", turning_points, METH_VARARGS, NULL},
    {"standstills", standstills, METH_VARARGS, NULL},
    {"normalise_time", normalise_time, METH_VARARGS, NULL},
    {"likenesses", likenesses, METH_VARARGS, NULL},
    {"shifts", shifts, METH_VARARGS, NULL},
    {"least_cosines", least_cosines, METH_VARARGS, NULL},
    {"free_acceleration", free_acceleration, METH_VARARGS, NULL},
    {"jerks", jerks, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_compiled", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__compiled(void)
{
    return PyModule_Create(&module);
}
