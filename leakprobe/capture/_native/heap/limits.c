/* Containers that drop an entry when they are full: how many entries they can have. */
#include "containers.h"

#include "names.h"
#include "parts.h"
#include "text.h"

#include <string.h>

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

static uint32_t
limit_from_int(PyObject *most)
{
    const digit *digits;
    bool negative;
    if (!PyLong_CheckExact(most)) {
        return 0;
    }
    size_t count = int_digits(most, &digits, &negative);
    return count == 1 && !negative ? limit_from((Py_ssize_t)digits[0]) : 0;
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
    return most == NULL ? 0 : limit_from_int(most);
}

static uint32_t
limit_of_type(PyObject *object)
{
    if (is_instance_of(object, "collections.deque")) {
        return limit_from(((struct deque_head *)object)->most);
    }
    return is_instance_of(object, "functools._lru_cache_wrapper") ? limit_of_cache(object) : 0;
}

/* --- by an attribute of the owner --- */

/* The ends of names under which a cache keeps its bound: `self.maxsize`, `_Cache__maxsize`. */
static const char *const bounds[] = {"maxsize",  "max_size",    "maxlen",    "max_len",
                                     "capacity", "max_entries", "max_items", "size_limit"};

static int
is_bound(PyObject *name)
{
    Py_ssize_t length = text_length(name);
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        Py_ssize_t start = length - (Py_ssize_t)strlen(bounds[i]), same = 0;
        while (start >= 0 && start + same < length
               && PyUnicode_READ_CHAR(name, start + same) == (Py_UCS4)bounds[i][same]) {
            same++;
        }
        if (start >= 0 && start + same == length) {
            return 1;
        }
    }
    return 0;
}

/* The first such attribute in a table of keys and values. */
static uint32_t
limit_in(PyDictKeysObject *keys, PyDictValues *values)
{
    uint32_t limit = 0;
    for (Py_ssize_t slot = 0; limit == 0 && keys != NULL && slot < key_slots(keys); slot++) {
        PyObject *value, *key = key_in_slot(keys, values, slot, &value);
        limit = value != NULL && key != NULL && is_bound(key) ? limit_from_int(value) : 0;
    }
    return limit;
}

static uint32_t
limit_in_attributes(PyObject *owner)
{
    PyTypeObject *type = Py_TYPE(owner);
    PyDictValues *values = attribute_values(owner);
    PyDictObject *dict = (PyDictObject *)dict_of(owner);
    if (values != NULL && PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return limit_in(((PyHeapTypeObject *)type)->ht_cached_keys, values);
    }
    return dict == NULL || !PyDict_Check(dict) ? 0 : limit_in(dict->ma_keys, dict->ma_values);
}

/* The object of which a container is an attribute, borrowed; NULL: there is none. */
static PyObject *
owner_of(const struct walk *walk, uint32_t node)
{
    const struct graph *graph = &walk->graph;
    uint32_t above = walk->reach.parent[node];
    if (above != NO_NODE && above >= graph->virtual_count
        && space_of_node(walk, above) == SPACE_INSTANCE) {
        above = walk->reach.parent[above];
    }
    if (above == NO_NODE || above < graph->virtual_count) {
        return NULL;
    }
    PyObject *owner = graph->objects[above];
    int is_owner = PyType_HasFeature(Py_TYPE(owner), Py_TPFLAGS_HEAPTYPE)
                   && !PyType_Check(owner) && length_of(owner) < 0;
    return is_owner ? owner : NULL;
}

/* The bound of a queue is that of what waits in it, not of the sets beside it in which a class
 * that inherits from it keeps what it has seen. */
static int
is_beside_queue(PyObject *owner, PyObject *container)
{
    PyObject *bases = Py_TYPE(owner)->tp_mro;
    int is_queue = 0;
    for (Py_ssize_t i = 0; bases != NULL && i < PyTuple_GET_SIZE(bases); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(bases, i);
        is_queue |= is_class(base, "queue", "Queue") || is_class(base, "asyncio.queues", "Queue");
    }
    return is_queue && !PyList_Check(container) && !is_instance_of(container, "collections.deque");
}

/* A container that is longer already is not bound by it. */
static uint32_t
limit_of_owner(const struct walk *walk, uint32_t node)
{
    PyObject *container = walk->graph.objects[node];
    int64_t length = length_of(container);
    if (length < 0 || PyTuple_Check(container) || space_of_node(walk, node) == SPACE_INSTANCE) {
        return 0;
    }
    uint32_t limit = limit_in_attributes(container);
    PyObject *owner = limit == 0 ? owner_of(walk, node) : NULL;
    if (owner != NULL && !is_beside_queue(owner, container)) {
        limit = limit_in_attributes(owner);
    }
    return length <= (int64_t)limit ? limit : 0;
}

uint32_t
limit_of(const struct walk *walk, uint32_t node)
{
    uint32_t limit = limit_of_type(walk->graph.objects[node]);
    return limit != 0 ? limit : limit_of_owner(walk, node);
}
