/* Plain tables of decimal numbers, as sensors and their apps write them, read faster than by a parser of
 * everything. What is not plain in every cell is left to that parser: nothing is guessed here, and every number
 * is the one nearest to its decimals. Only Python's stable interface is used.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdint.h>

/* Products and quotients of whole numbers up to 2^53 and of these powers are rounded once, and so are exact
 * (Clinger 1990). */
static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { GREATEST_POWER = 22, MOST_DIGITS = 18 };
static const uint64_t GREATEST = (uint64_t)1 << 53;

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number that a cell begins with; where it ends, or NULL where it is none or could not be exact. */
static const char *decimal(const char *at, const char *end, char mark, double *value)
{
    uint64_t digits = 0;
    int count = 0, power = 0, negative = 0, any = 0;
    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    for (int fraction = 0; at < end; at++) {
        if (is_digit(*at)) {
            any = 1;
            power -= fraction;
            digits = digits * 10 + (uint64_t)(*at - '0');
            count += digits != 0;
            if (count > MOST_DIGITS || power < -1000)
                return NULL;
        } else if (*at == mark && !fraction)
            fraction = 1;
        else
            break;
    }
    if (!any)
        return NULL;
    if (at < end && (*at == 'e' || *at == 'E')) {
        int exponent = 0, below = 0;
        at++;
        if (at < end && (*at == '-' || *at == '+'))
            below = *at++ == '-';
        if (at == end || !is_digit(*at))
            return NULL;
        for (; at < end && is_digit(*at); at++)
            if ((exponent = exponent * 10 + (*at - '0')) > 1000)
                return NULL;
        power += below ? -exponent : exponent;
    }
    for (; digits > GREATEST && digits % 10 == 0; digits /= 10)
        power++;
    if (digits == 0)
        power = 0;
    if (digits > GREATEST || power > GREATEST_POWER || power < -GREATEST_POWER)
        return NULL;
    *value = power < 0 ? (double)digits / POWERS[-power] : (double)digits * POWERS[power];
    if (negative)
        *value = -*value;
    return at;
}

/* One line; where the next one begins, or NULL. */
static const char *line(const char *at, const char *end, char separator, char mark, const int64_t *columns,
                        Py_ssize_t width, double *row, Py_ssize_t apart)
{
    for (Py_ssize_t k = 0; k < width; k++) {
        if (columns[k] < 0) {
            while (at < end && *at != separator && *at != '\n' && *at != '\r')
                at++;
        } else if ((at = decimal(at, end, mark, row + columns[k] * apart)) == NULL)
            return NULL;
        if (k + 1 < width && (at == end || *at++ != separator))
            return NULL;
    }
    if (at < end && *at == separator)
        at++;
    if (at < end && *at == '\r')
        at++;
    if (at == end)
        return at;
    return *at == '\n' ? at + 1 : NULL;
}

/* text, separator, decimal mark, which of the wanted columns each is or -1, columns (k, n): how many rows were
 * read, or -1 where the text is not plain. */
static PyObject *parse(PyObject *self, PyObject *args)
{
    Py_buffer text, places, columns;
    int separator, mark, fits;
    Py_ssize_t read = -1;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*iiy*w*", &text, &separator, &mark, &places, &columns))
        return NULL;
    fits = places.len % 8 == 0 && places.len > 0 && columns.len % 8 == 0;
    if (fits) {
        const int64_t *place = places.buf;
        Py_ssize_t width = places.len / 8, wanted = 0, room;
        const char *at = text.buf, *end = at + text.len;
        for (Py_ssize_t k = 0; k < width; k++)
            wanted += place[k] >= 0;
        for (Py_ssize_t k = 0; k < width; k++)
            fits = fits && place[k] < wanted;
        fits = fits && wanted > 0 && columns.len / 8 % wanted == 0;
        if (fits) {
            room = columns.len / 8 / wanted;
            Py_BEGIN_ALLOW_THREADS
            for (read = 0; at != NULL && at < end && read < room; read++)
                at = line(at, end, (char)separator, (char)mark, place, width, (double *)columns.buf + read, room);
            if (at == NULL || at < end)
                read = -1;
            Py_END_ALLOW_THREADS
        }
    }
    PyBuffer_Release(&text);
    PyBuffer_Release(&places);
    PyBuffer_Release(&columns);
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "places and columns do not fit");
        return NULL;
    }
    return PyLong_FromSsize_t(read);
}

static PyMethodDef methods[] = {
    {"parse", parse, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_decimals", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__decimals(void)
{
    return PyModule_Create(&module);
}
