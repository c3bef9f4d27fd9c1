/* Containers that drop their oldest entry when they are full: how many entries they can have. */
#include "containers.h"

#include "names.h"
#include "parts.h"
#include "text.h"

/* Modules/_collectionsmodule.c (dequeobject). */
struct deque_head {
    PyObject_VAR_HEAD
    void *left_block, *right_block;
    Py_ssize_t left_index, right_index;
    size_t state;
    Py_ssize_t most;  /* -1: no limit */
};

static uint32_t
limit_from(Py_ssize_t most)
{
    return most > 0 && (uint64_t)most < UINT32_MAX ? (uint32_t)most : 0;
}

/* What a function has in a closure variable, borrowed; NULL: it has no such variable. The names of
 * these are the last ones of the code's variables (Include/cpython/code.h). */
static PyObject *
closure_variable(const PyFunctionObject *function, const char *name)
{
    const PyCodeObject *code = (PyCodeObject *)function->func_code;
    PyObject *cells = function->func_closure;
    Py_ssize_t first = code->co_nlocalsplus - code->co_nfreevars;
    for (Py_ssize_t i = 0; cells != NULL && i < code->co_nfreevars; i++) {
        if (i < PyTuple_GET_SIZE(cells)
            && text_equals(PyTuple_GET_ITEM(code->co_localsplusnames, first + i), name)) {
            return ((PyCellObject *)PyTuple_GET_ITEM(cells, i))->ob_ref;
        }
    }
    return NULL;
}

/* Lib/functools.py (lru_cache): the function `cache_parameters`, which every cache has as an
 * attribute, knows the limit from its closure. */
static uint32_t
limit_of_cache(PyObject *cache)
{
    PyObject *parameters = entry_by_text(dict_of(cache), "cache_parameters");
    if (parameters == NULL || !PyFunction_Check(parameters)) {
        return 0;
    }
    PyObject *most = closure_variable((PyFunctionObject *)parameters, "maxsize");
    const digit *digits;
    bool negative;
    if (most == NULL || !PyLong_CheckExact(most)) {
        return 0;
    }
    size_t count = int_digits(most, &digits, &negative);
    return count == 1 && !negative ? limit_from((Py_ssize_t)digits[0]) : 0;
}

uint32_t
limit_of(PyObject *object)
{
    if (is_instance_of(object, "collections.deque")) {
        return limit_from(((struct deque_head *)object)->most);
    }
    return is_instance_of(object, "functools._lru_cache_wrapper") ? limit_of_cache(object) : 0;
}
