/* Attributes that are in no dict: slots and other fields of C structures, and the values that the
 * interpreter keeps beside an instance instead of a dict. */
#include "labels.h"

#include "names.h"
#include "parts.h"

#include <string.h>

/* The attribute whose value is this one, in a table of values in the order of a class's keys. */
static int
label_value(const struct edge *edge, struct label *label)
{
    PyTypeObject *type = Py_TYPE(edge->holder);
    PyDictValues *values = attribute_values(edge->holder);
    if (values == NULL || !PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return 0;
    }
    PyDictKeysObject *keys = ((PyHeapTypeObject *)type)->ht_cached_keys;
    for (Py_ssize_t slot = 0; keys != NULL && slot < key_slots(keys); slot++) {
        PyObject *value, *key = key_in_slot(keys, values, slot, &value);
        if (value == edge->held) {
            *label = (struct label){ROLE_ATTRIBUTE, name_of_key(edge->walk, key), NO_INDEX};
            return 1;
        }
    }
    return 0;
}

/* Objects/typeobject.c (type_new_descriptors): a class statement with __slots__ makes the same
 * table of fields that C types have. It ends with an entry without a name. */
static const char *
field_name(PyTypeObject *type, PyObject *holder, PyObject *held)
{
    for (PyMemberDef *member = type->tp_members; member != NULL && member->name != NULL;
         member++) {
        if (holds_object(member)
            && *(PyObject **)((char *)holder + member->offset) == held) {
            return member->name;
        }
    }
    return NULL;
}

/* Only the bases from which the structure is inherited have fields of their own. */
static int
label_field(const struct edge *edge, struct label *label)
{
    for (PyTypeObject *type = Py_TYPE(edge->holder); type != NULL; type = type->tp_base) {
        const char *name = field_name(type, edge->holder, edge->held);
        if (name != NULL) {
            *label = (struct label){ROLE_ATTRIBUTE, add_text(edge->walk->output, name), NO_INDEX};
            return 1;
        }
    }
    return 0;
}

/* What an exception refers to is behind properties (Include/cpython/pyerrors.h). */
static const char *
exception_field_name(const PyBaseExceptionObject *exception, PyObject *held)
{
    if (held == exception->traceback) {
        return "__traceback__";
    }
    if (held == exception->context) {
        return "__context__";
    }
    if (held == exception->cause) {
        return "__cause__";
    }
    return held == exception->args ? "args" : NULL;
}

/* uvloop/loop.pyx: the fields of its loop are hidden. Timers are the only handles in a set. */
static int
is_set_of_timers(PyObject *held)
{
    const PySetObject *set = (PySetObject *)held;
    if (!PyAnySet_Check(held)) {
        return 0;
    }
    for (Py_ssize_t slot = 0; slot <= set->mask; slot++) {
        PyObject *key = set->table[slot].key;
        if (key != NULL && is_instance_of(key, "uvloop.loop.TimerHandle")) {
            return 1;
        }
    }
    return 0;
}

static const char *
property_name(PyObject *holder, PyObject *held)
{
    if (is_instance_of(holder, "uvloop.loop.Loop") && is_set_of_timers(held)) {
        return "_timers";
    }
    if (PyExceptionInstance_Check(holder)) {
        return exception_field_name((PyBaseExceptionObject *)holder, held);
    }
    /* What it waits for is on its stack; a variable would have been found by its name. */
    if (PyCoro_CheckExact(holder) && (PyCoro_CheckExact(held) || PyGen_CheckExact(held))) {
        return "cr_await";
    }
    if (PyTraceBack_Check(holder) && held == (PyObject *)((PyTracebackObject *)holder)->tb_next) {
        return "tb_next";
    }
    if (PyFrame_Check(holder) && held == (PyObject *)((PyFrameObject *)holder)->f_back) {
        return "f_back";
    }
    return NULL;
}

static int
label_property(const struct edge *edge, struct label *label)
{
    const char *name = property_name(edge->holder, edge->held);
    if (name == NULL) {
        return 0;
    }
    *label = (struct label){ROLE_ATTRIBUTE, add_text(edge->walk->output, name), NO_INDEX};
    return 1;
}

int
label_attribute(const struct edge *edge, struct label *label)
{
    return label_value(edge, label) || label_property(edge, label) || label_field(edge, label);
}
