/* The Tally type: counts and a histogram of latencies of one route, in a fixed size.
 *
 * A request is noted where it ends, which writes to one line of the processor's cache. Some at a
 * time are counted, since the search through the bounds reads several lines that are cold by then.
 * It needs no lock beside the GIL. Its reference is `RouteTally` in Python. */

#include "tally.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MOST_NOTED = 32 };

struct tally {
    PyObject_VAR_HEAD /* as many as there are buckets */
    size_t noted;     /* how many latencies are not counted yet */
    double noted_s[MOST_NOTED];
    uint64_t errors;
    PyObject *bounds; /* bytes: doubles, ascending, one less than there are buckets */
    uint64_t requests;
    double seconds;
    double longest_s;
    uint64_t buckets[];
};

/* How many of the bounds are not above a latency, as bisect.bisect_right finds it. */
static Py_ssize_t
bucket_of(const Tally *tally, double seconds)
{
    const double *bounds = (const double *)(const void *)PyBytes_AS_STRING(tally->bounds);
    Py_ssize_t low = 0;
    Py_ssize_t high = Py_SIZE(tally) - 1;
    while (low < high) {
        Py_ssize_t middle = (low + high) / 2;
        if (seconds < bounds[middle]) {
            high = middle;
        }
        else {
            low = middle + 1;
        }
    }
    return low;
}

static void
count_noted(Tally *tally)
{
    for (size_t i = 0; i < tally->noted; i++) {
        double seconds = tally->noted_s[i];
        tally->seconds += seconds;
        if (seconds > tally->longest_s) {
            tally->longest_s = seconds;
        }
        tally->buckets[bucket_of(tally, seconds)]++;
    }
    tally->requests += tally->noted;
    tally->noted = 0;
}

void
tally_note(Tally *tally, double seconds, bool failed)
{
    if (failed) {
        tally->errors++;
    }
    tally->noted_s[tally->noted++] = seconds;
    if (tally->noted == MOST_NOTED) {
        count_noted(tally);
    }
}

static void
forget_all(Tally *tally)
{
    tally->noted = 0;
    tally->requests = 0;
    tally->errors = 0;
    tally->seconds = 0.0;
    tally->longest_s = 0.0;
    memset(tally->buckets, 0, (size_t)Py_SIZE(tally) * sizeof *tally->buckets);
}

static PyObject *
tally_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *bounds;
    if (keywords != NULL && PyDict_GET_SIZE(keywords) != 0) {
        PyErr_SetString(PyExc_TypeError, "Tally() takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(arguments, "S:Tally", &bounds)) {
        return NULL;
    }
    Py_ssize_t size = PyBytes_GET_SIZE(bounds);
    if (size % (Py_ssize_t)sizeof(double) != 0) {
        return PyErr_Format(PyExc_ValueError, "bounds must be doubles, not %zd bytes", size);
    }
    Py_ssize_t buckets = size / (Py_ssize_t)sizeof(double) + 1;
    Tally *tally = PyObject_NewVar(Tally, type, buckets);
    if (tally == NULL) {
        return NULL;
    }
    tally->bounds = Py_NewRef(bounds);
    forget_all(tally);
    return (PyObject *)tally;
}

static void
tally_dealloc(PyObject *self)
{
    Py_DECREF(((Tally *)self)->bounds);
    PyObject_Free(self);
}

static PyObject *
note_method(PyObject *self, PyObject *arguments)
{
    double seconds;
    int failed;
    if (!PyArg_ParseTuple(arguments, "dp:note", &seconds, &failed)) {
        return NULL;
    }
    tally_note((Tally *)self, seconds, failed != 0);
    Py_RETURN_NONE;
}

/* The list comes first: making it may run the collector, and so code that counts; numbers do not. */
static PyObject *
read_method(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    Tally *tally = (Tally *)self;
    PyObject *buckets = PyList_New(Py_SIZE(tally));
    if (buckets == NULL) {
        return NULL;
    }
    count_noted(tally);
    for (Py_ssize_t i = 0; i < Py_SIZE(tally); i++) {
        PyObject *count = PyLong_FromUnsignedLongLong(tally->buckets[i]);
        if (count == NULL) {
            Py_DECREF(buckets);
            return NULL;
        }
        PyList_SET_ITEM(buckets, i, count);
    }
    return Py_BuildValue("KKddN", (unsigned long long)tally->requests,
                         (unsigned long long)tally->errors, tally->seconds, tally->longest_s,
                         buckets);
}

static PyObject *
clear_method(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    forget_all((Tally *)self);
    Py_RETURN_NONE;
}

static PyMethodDef tally_methods[] = {
    {"note", note_method, METH_VARARGS,
     PyDoc_STR("note($self, seconds, failed, /)\n--\n\nCount a request that has ended.")},
    {"read", read_method, METH_NOARGS,
     PyDoc_STR("read($self, /)\n--\n\n"
               "Requests, errors, seconds of all, the longest, and requests by bucket.")},
    {"clear", clear_method, METH_NOARGS,
     PyDoc_STR("clear($self, /)\n--\n\nStart again from nothing.")},
    {0},
};

PyTypeObject tally_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "leakprobe.capture._native._requests.Tally",
    .tp_doc = PyDoc_STR("Tally(bounds, /)\n--\n\nThe counts of one route."),
    .tp_basicsize = offsetof(struct tally, buckets),
    .tp_itemsize = sizeof(uint64_t),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = tally_new,
    .tp_dealloc = tally_dealloc,
    .tp_methods = tally_methods,
};
