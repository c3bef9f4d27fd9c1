/* The Memo type: a hash table from what a router wrote into a scope to what was made of it.
 *
 * The key is three addresses and a method. Whoever remembers watches over the objects behind the
 * addresses, and has the entries forgotten when one of them goes. The place of an entry depends on
 * the addresses only, so that those of one route with several methods are found together. Its
 * reference is `RouteMemo` in Python. */

#include "memo.h"

#include "names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { FIRST_SLOTS = 32 };

struct ids {
    const void *endpoint;
    const void *route;
    const void *context;
};

struct entry {
    struct ids ids;
    uint64_t method;
    PyObject *value; /* NULL: the slot is free */
};

struct memo {
    PyObject_HEAD
    struct entry *entries;
    size_t slots; /* a power of two, or 0 */
    size_t used;  /* at most two thirds of the slots */
};

/* The first slot for these ids: Fibonacci hashing (Knuth, volume 3, 6.4). */
static size_t
home(const Memo *memo, const struct ids *ids)
{
    uint64_t mixed = (uintptr_t)ids->endpoint;
    mixed = mixed * 31 + (uintptr_t)ids->route;
    mixed = mixed * 31 + (uintptr_t)ids->context;
    return (size_t)((mixed * 0x9E3779B97F4A7C15u) >> 32) & (memo->slots - 1);
}

static bool
same_ids(const struct ids *one, const struct ids *other)
{
    return one->endpoint == other->endpoint && one->route == other->route &&
           one->context == other->context;
}

/* A method as a number, other than 0; 0: it is none that is remembered. */
static uint64_t
packed_method(PyObject *method)
{
    uint64_t packed = 0;
    if (PyUnicode_CheckExact(method) && PyUnicode_IS_COMPACT_ASCII(method) &&
        PyUnicode_GET_LENGTH(method) <= (Py_ssize_t)sizeof packed) {
        memcpy(&packed, PyUnicode_DATA(method), (size_t)PyUnicode_GET_LENGTH(method));
    }
    return packed;
}

/* The entry of a key, or the free slot where it belongs. There must be slots. */
static struct entry *
slot_of(const Memo *memo, const struct ids *ids, uint64_t method)
{
    size_t i = home(memo, ids);
    while (memo->entries[i].value != NULL &&
           !(memo->entries[i].method == method && same_ids(&memo->entries[i].ids, ids))) {
        i = (i + 1) & (memo->slots - 1);
    }
    return &memo->entries[i];
}

/* A value of a scope, borrowed; None where there is none; NULL: an exception is set. */
static PyObject *
item_or_none(PyObject *scope, PyObject *name)
{
    PyObject *value = PyDict_GetItemWithError(scope, name);
    return value == NULL && !PyErr_Occurred() ? Py_None : value;
}

/* What a router wrote into a scope; false: an exception is set. */
static bool
read_ids(PyObject *scope, struct ids *ids)
{
    PyObject *fastapi = item_or_none(scope, names.fastapi);
    if (fastapi == NULL) {
        return false;
    }
    ids->context = PyDict_CheckExact(fastapi) ? item_or_none(fastapi, names.context) : Py_None;
    if (ids->context == NULL) {
        return false;
    }
    ids->route = item_or_none(scope, names.route);
    if (ids->route == NULL) {
        return false;
    }
    ids->endpoint = item_or_none(scope, names.endpoint);
    return ids->endpoint != NULL;
}

PyObject *
memo_find(const Memo *memo, PyObject *scope)
{
    struct ids ids;
    if (memo->used == 0 || !read_ids(scope, &ids)) {
        return NULL;
    }
    PyObject *method = PyDict_GetItemWithError(scope, names.method);
    uint64_t packed = method == NULL ? 0 : packed_method(method);
    return packed == 0 ? NULL : Py_XNewRef(slot_of(memo, &ids, packed)->value);
}

static bool
grow(Memo *memo)
{
    Memo grown = {.slots = memo->slots == 0 ? FIRST_SLOTS : memo->slots * 2};
    grown.entries = PyMem_Calloc(grown.slots, sizeof *grown.entries);
    if (grown.entries == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (size_t i = 0; i < memo->slots; i++) {
        const struct entry *entry = &memo->entries[i];
        if (entry->value != NULL) {
            *slot_of(&grown, &entry->ids, entry->method) = *entry;
        }
    }
    PyMem_Free(memo->entries);
    memo->entries = grown.entries;
    memo->slots = grown.slots;
    return true;
}

/* Takes an entry out, and moves up those that stand behind it for want of their own place. */
static PyObject *
take_out(Memo *memo, size_t slot)
{
    size_t mask = memo->slots - 1;
    PyObject *value = memo->entries[slot].value;
    size_t gap = slot;
    for (size_t i = (slot + 1) & mask; memo->entries[i].value != NULL; i = (i + 1) & mask) {
        size_t wanted = home(memo, &memo->entries[i].ids);
        if (((i - wanted) & mask) >= ((i - gap) & mask)) {
            memo->entries[gap] = memo->entries[i];
            gap = i;
        }
    }
    memo->entries[gap].value = NULL;
    memo->used--;
    return value;
}

static void
forget_ids(Memo *memo, const struct ids *ids)
{
    if (memo->slots == 0) {
        return;
    }
    size_t i = home(memo, ids);
    while (memo->entries[i].value != NULL) {
        if (same_ids(&memo->entries[i].ids, ids)) {
            PyObject *value = take_out(memo, i);
            Py_DECREF(value); /* may run Python code, which may move everything here */
            i = home(memo, ids);
        }
        else {
            i = (i + 1) & (memo->slots - 1);
        }
    }
}

static int
memo_clear(PyObject *self)
{
    Memo *memo = (Memo *)self;
    Memo old = *memo;
    memo->entries = NULL;
    memo->slots = 0;
    memo->used = 0;
    for (size_t i = 0; i < old.slots; i++) {
        Py_XDECREF(old.entries[i].value);
    }
    PyMem_Free(old.entries);
    return 0;
}

static int
memo_traverse(PyObject *self, visitproc visit, void *arg)
{
    const Memo *memo = (Memo *)self;
    for (size_t i = 0; i < memo->slots; i++) {
        Py_VISIT(memo->entries[i].value);
    }
    return 0;
}

static void
memo_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    (void)memo_clear(self);
    Py_TYPE(self)->tp_free(self);
}

/* Three numbers as `id` gives them; false: an exception is set. */
static bool
ids_from(PyObject *const numbers[3], struct ids *ids)
{
    ids->endpoint = PyLong_AsVoidPtr(numbers[0]);
    ids->route = PyLong_AsVoidPtr(numbers[1]);
    ids->context = PyLong_AsVoidPtr(numbers[2]);
    return !PyErr_Occurred();
}

static PyObject *
remember_method(PyObject *self, PyObject *arguments)
{
    Memo *memo = (Memo *)self;
    PyObject *numbers[3], *method, *value;
    struct ids ids;
    if (!PyArg_ParseTuple(arguments, "(OOOU)O:remember", &numbers[0], &numbers[1], &numbers[2],
                          &method, &value) ||
        !ids_from(numbers, &ids)) {
        return NULL;
    }
    uint64_t packed = packed_method(method);
    if (packed == 0) {
        Py_RETURN_NONE;
    }
    if (memo->used * 3 >= memo->slots * 2 && !grow(memo)) {
        return NULL;
    }
    struct entry *entry = slot_of(memo, &ids, packed);
    PyObject *before = entry->value;
    memo->used += before == NULL;
    *entry = (struct entry){.ids = ids, .method = packed, .value = Py_NewRef(value)};
    Py_XDECREF(before);
    Py_RETURN_NONE;
}

static PyObject *
find_method(PyObject *self, PyObject *scope)
{
    if (!PyDict_Check(scope)) {
        return PyErr_Format(PyExc_TypeError, "scope must be a dict, not %.100s",
                            Py_TYPE(scope)->tp_name);
    }
    PyObject *found = memo_find((Memo *)self, scope);
    return found == NULL && !PyErr_Occurred() ? Py_NewRef(Py_None) : found;
}

static PyObject *
forget_method(PyObject *self, PyObject *key)
{
    PyObject *numbers[3];
    struct ids ids;
    if (!PyArg_ParseTuple(key, "OOO:forget", &numbers[0], &numbers[1], &numbers[2]) ||
        !ids_from(numbers, &ids)) {
        return NULL;
    }
    forget_ids((Memo *)self, &ids);
    Py_RETURN_NONE;
}

static PyObject *
clear_method(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    (void)memo_clear(self);
    Py_RETURN_NONE;
}

static Py_ssize_t
memo_length(PyObject *self)
{
    return (Py_ssize_t)((Memo *)self)->used;
}

static PyMethodDef memo_methods[] = {
    {"find", find_method, METH_O,
     PyDoc_STR("find($self, scope, /)\n--\n\nWhat is remembered of this route; None: nothing.")},
    {"remember", remember_method, METH_VARARGS,
     PyDoc_STR("remember($self, key, value, /)\n--\n\nKeep what was made of a route.")},
    {"forget", forget_method, METH_O,
     PyDoc_STR("forget($self, ids, /)\n--\n\nForget a route, with all its methods.")},
    {"clear", clear_method, METH_NOARGS, PyDoc_STR("clear($self, /)\n--\n\nForget everything.")},
    {0},
};

static PySequenceMethods memo_sequence = {.sq_length = memo_length};

PyTypeObject memo_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "leakprobe.capture._native._requests.Memo",
    .tp_doc = PyDoc_STR("Memo()\n--\n\nWhat was made of routes, by what a router writes."),
    .tp_basicsize = sizeof(struct memo),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = memo_dealloc,
    .tp_free = PyObject_GC_Del,
    .tp_traverse = memo_traverse,
    .tp_clear = memo_clear,
    .tp_methods = memo_methods,
    .tp_as_sequence = &memo_sequence,
};
