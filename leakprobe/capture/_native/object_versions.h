/* Where versions of CPython differ in what objects consist of; versions.h has the rest. */
#ifndef LEAKPROBE_OBJECT_VERSIONS_H
#define LEAKPROBE_OBJECT_VERSIONS_H

#include "versions.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <internal/pycore_interp.h>
#if PY_VERSION_HEX >= 0x030C0000
#include <internal/pycore_typeobject.h>
#endif
#if PY_VERSION_HEX >= 0x030D0000
#include <internal/pycore_setobject.h>
#endif
#pragma GCC diagnostic pop

/* The function that a frame runs, borrowed. Include/internal/pycore_frame.h. */
static inline PyObject *
frame_function(InterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030C0000
    return frame->f_funcobj;
#else
    return (PyObject *)frame->f_func;
#endif
}

/* sys.modules, borrowed. Include/internal/pycore_interp.h. */
static inline PyObject *
imported_modules(PyInterpreterState *interpreter)
{
#if PY_VERSION_HEX >= 0x030C0000
    return interpreter->imports.modules;
#else
    return interpreter->modules;
#endif
}

/* Visits an exception that is on its way up. Include/cpython/pystate.h. */
static inline void
visit_raised_exception(PyThreadState *thread, visitproc visit, void *argument)
{
#if PY_VERSION_HEX >= 0x030C0000
    visit(thread->current_exception, argument);
#else
    visit(thread->curexc_type, argument);
    visit(thread->curexc_value, argument);
    visit(thread->curexc_traceback, argument);
#endif
}

/* Whether a dict has been given strings only for keys. Objects/dictobject.c. */
static inline bool
has_string_keys(PyObject *dict)
{
    return DK_IS_UNICODE(((PyDictObject *)dict)->ma_keys);
}

/* The namespace of a class that is a C static, borrowed; NULL where there is none.
 * Objects/typeobject.c: since 3.12 each interpreter has its own for the builtin ones. */
static inline PyObject *
static_type_namespace(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030C0000
    return _PyType_GetDict(type);
#else
    return type->tp_dict;
#endif
}

/* Bytes in front of an object that are allocated with it: the collector's header, and the managed
 * dict and weak references. Include/internal/pycore_object.h. */
static inline size_t
bytes_before(PyTypeObject *type)
{
    return _PyType_PreHeaderSize(type);
}

/* Include/internal/pycore_dict.h: a combined table has keys and values side by side; the keys of
 * a split one are shared by all instances of a class, and the values stand in a block beside. */
static inline Py_ssize_t
key_slots(PyDictKeysObject *keys)
{
    return keys->dk_nentries;
}

/* The key in a slot, and its value in `values`, or in the table where that is NULL. Either may be
 * NULL: a key without a value is a hole, or an attribute that another instance has. */
static inline PyObject *
key_in_slot(PyDictKeysObject *keys, PyDictValues *values, Py_ssize_t slot, PyObject **value)
{
    if (keys->dk_kind == DICT_KEYS_GENERAL) {
        *value = DK_ENTRIES(keys)[slot].me_value;
        return DK_ENTRIES(keys)[slot].me_key;
    }
    PyDictUnicodeEntry *entry = &DK_UNICODE_ENTRIES(keys)[slot];
    *value = values != NULL ? values->values[slot] : entry->me_value;
    return entry->me_key;
}

/* The values of an instance's attributes where it has no dict for them, in the order of its
 * class's cached keys. Objects/object.h of each version: 3.11 has a pointer of its own for them,
 * 3.12 shares it with the dict and marks it, 3.13 has them in the object, dict or not. */
static inline PyDictValues *
attribute_values(PyObject *object)
{
    unsigned long flags = Py_TYPE(object)->tp_flags;
#if PY_VERSION_HEX >= 0x030D0000
    if (!(flags & Py_TPFLAGS_INLINE_VALUES)) {
        return NULL;
    }
    PyDictValues *values = _PyObject_InlineValues(object);
    return values->valid ? values : NULL;
#else
    if (!(flags & Py_TPFLAGS_MANAGED_DICT)) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030C0000
    PyDictOrValues either = *_PyObject_DictOrValuesPointer(object);
    return _PyDictOrValues_IsValues(either) ? _PyDictOrValues_GetValues(either) : NULL;
#else
    return *_PyObject_ValuesPointer(object);
#endif
#endif
}

/* The dict that the interpreter keeps in front of an object; NULL where there is none (yet). */
static inline PyObject *
managed_dict(PyObject *object)
{
    if (!(Py_TYPE(object)->tp_flags & Py_TPFLAGS_MANAGED_DICT)) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030D0000
    return (PyObject *)_PyObject_GetManagedDict(object);
#elif PY_VERSION_HEX >= 0x030C0000
    PyDictOrValues either = *_PyObject_DictOrValuesPointer(object);
    return _PyDictOrValues_IsValues(either) ? NULL : _PyDictOrValues_GetDict(either);
#else
    return *_PyObject_ManagedDictPointer(object);
#endif
}

/* The allocated block that holds values; NULL where they are part of their object. Before 3.13
 * bytes with the order of insertion come first, their number last among them. */
static inline void *
block_of_values(PyDictValues *values)
{
#if PY_VERSION_HEX >= 0x030D0000
    return values->embedded ? NULL : (void *)values;
#else
    return (uint8_t *)values - ((uint8_t *)values)[-1];
#endif
}

/* Bytes of the table of an instance's attribute values, without what its dict counts as its own
 * (Objects/dictobject.c: dict.__sizeof__). Before 3.13 the byte in front of the values says how many
 * there is room for, up to rounding; no more than the class's keys had room for at the time
 * (Objects/dictobject.c: init_inline_values). */
static inline size_t
bytes_of_values(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    PyDictKeysObject *keys = ((PyHeapTypeObject *)type)->ht_cached_keys;
    if (keys == NULL) {
        return 0;
    }
    size_t room = (size_t)(keys->dk_nentries + keys->dk_usable);
#if PY_VERSION_HEX >= 0x030D0000
    if (!(type->tp_flags & Py_TPFLAGS_INLINE_VALUES)) {
        return 0;
    }
    PyDictObject *dict = _PyObject_GetManagedDict(object);
    bool counted = dict != NULL && dict->ma_values == _PyObject_InlineValues(object);
    return _PyInlineValuesSize(type) - (counted ? room * sizeof(PyObject *) : 0);
#else
    PyDictValues *values = attribute_values(object);
    if (values == NULL) {
        return 0;
    }
    size_t prefix = ((uint8_t *)values)[-1];
    return prefix + sizeof(PyObject *) * (room < prefix - 2 ? room : prefix - 2);
#endif
}

/* The frame inside of a generator, coroutine or asynchronous generator; NULL when it is over. */
static inline InterpreterFrame *
generator_frame(PyObject *generator)
{
    PyGenObject *fields = (PyGenObject *)generator;
    return fields->gi_frame_state < FRAME_CLEARED ? (InterpreterFrame *)fields->gi_iframe : NULL;
}

/* `bytes_before` of a class as `sys.getsizeof` sees it. Python/sysmodule.c (_PySys_GetSizeOf): before
 * 3.13 a class that is a C static was counted with a header that it does not have. */
static inline size_t
class_header_bytes(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030D0000
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return 0;
    }
#endif
    return bytes_before(Py_TYPE(type));
}

/* Whether a str is one block, ASCII, with no second copy of it in wide characters (until 3.11).
 * Objects/unicodeobject.c (unicode_sizeof_impl). */
static inline bool
is_plain_ascii(PyObject *text)
{
#if PY_VERSION_HEX < 0x030C0000
    if (((PyASCIIObject *)text)->wstr != NULL) {
        return false;
    }
#endif
    return PyUnicode_IS_COMPACT_ASCII(text);
}

/* The digits of an int, the lowest first, each of PyLong_SHIFT bits. Returns how many.
 * Include/cpython/longintrepr.h: the sign moved from the size to the tag with 3.12. */
static inline size_t
int_digits(PyObject *number, const digit **digits, bool *negative)
{
#if PY_VERSION_HEX >= 0x030C0000
    const _PyLongValue *value = &((PyLongObject *)number)->long_value;
    *digits = value->ob_digit;
    *negative = (value->lv_tag & 3) == 2;
    return value->lv_tag >> 3;
#else
    Py_ssize_t size = Py_SIZE(number);
    *digits = ((PyLongObject *)number)->ob_digit;
    *negative = size < 0;
    return (size_t)(size < 0 ? -size : size);
#endif
}

/* Whether the collector is told of a BytesIO's buffer. Modules/_io/bytesio.c (bytesio_traverse). */
#define BYTESIO_REPORTS_ITS_BUFFER (PY_VERSION_HEX >= 0x030C0000)

/* How the C structures of asyncio's futures and tasks begin, in all versions.
 * Modules/_asynciomodule.c (FutureObj_HEAD). */
typedef struct {
    PyObject_HEAD
    PyObject *loop;
    PyObject *first_callback;
    PyObject *first_context;
    PyObject *callbacks;
    PyObject *exception;
    PyObject *exception_traceback;
    PyObject *result;
} FutureFields;

/* Whether a field of a structure is a reference. Include/structmember.h. */
static inline bool
holds_object(const PyMemberDef *member)
{
    return member->type == T_OBJECT || member->type == T_OBJECT_EX;
}

#endif
