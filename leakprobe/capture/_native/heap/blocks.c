/* The allocated blocks that an object consists of: itself, as the allocator gave it, and buffers
 * that belong to it alone. */
#include "join.h"

#include "object_versions.h"

#include <string.h>

struct list {
    block_visitor visit;
    void *argument;
};

static void
add_block(const struct list *list, const void *address, enum owned_as how)
{
    if (address != NULL) {
        list->visit(address, how, list->argument);
    }
}

/* The keys of a split table belong to the class. */
static void
add_dict(const struct list *list, const PyDictObject *dict)
{
    if (dict->ma_values == NULL) {
        add_block(list, dict->ma_keys, OWNED_DICT_KEYS);
    }
    else {
        add_block(list, block_of_values(dict->ma_values), OWNED_DICT_VALUES);
    }
}

/* Include/cpython/unicodeobject.h: the characters of a compact string follow it, those of an
 * instance of a subclass do not; UTF-8 is kept once somebody asked for it. */
static void
add_unicode_data(const struct list *list, PyObject *text)
{
    if (PyUnicode_IS_COMPACT_ASCII(text)) {
        return;
    }
    add_block(list, ((PyCompactUnicodeObject *)text)->utf8, OWNED_UNICODE_DATA);
    if (!PyUnicode_IS_COMPACT(text)) {
        add_block(list, ((PyUnicodeObject *)text)->data.any, OWNED_UNICODE_DATA);
    }
}

static void
add_class_keys(const struct list *list, PyTypeObject *type)
{
    if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        add_block(list, ((PyHeapTypeObject *)type)->ht_cached_keys, OWNED_CLASS_KEYS);
    }
}

static void
add_set(const struct list *list, const PySetObject *set)
{
    if (set->table != set->smalltable) {
        add_block(list, set->table, OWNED_SET_TABLE);
    }
}

/* Modules/_collectionsmodule.c: entries lie in blocks of 64, linked to both sides. */
struct deque_block {
    struct deque_block *left;
    PyObject *entries[64];
    struct deque_block *right;
};

struct deque {
    PyObject_VAR_HEAD
    struct deque_block *leftmost, *rightmost;
};

static void
add_deque(const struct list *list, const struct deque *deque)
{
    const struct deque_block *block = deque->leftmost;
    while (block != NULL) {
        add_block(list, block, OWNED_DEQUE_BLOCK);
        block = block == deque->rightmost ? NULL : block->right;
    }
}

/* Modules/_io/bytesio.c and Modules/arraymodule.c: the first field is the buffer. That of a BytesIO
 * is a bytes object which nothing else shows. */
struct with_buffer {
    PyObject_HEAD
    void *buffer;
};

struct array {
    PyObject_VAR_HEAD
    void *items;
};

/* None of these is in a header of CPython; instances of subclasses are not told apart. */
static void
add_extension_buffers(const struct list *list, PyObject *object)
{
    const char *name = Py_TYPE(object)->tp_name;
    if (strcmp(name, "collections.deque") == 0) {
        add_deque(list, (struct deque *)object);
    }
    else if (strcmp(name, "_io.BytesIO") == 0) {
        add_block(list, ((struct with_buffer *)object)->buffer, OWNED_BUFFER);
    }
    else if (strcmp(name, "array.array") == 0) {
        add_block(list, ((struct array *)object)->items, OWNED_BUFFER);
    }
}

/* Buffers by the builtin type that an object is or inherits from; no object is two of them. */
static void
add_buffers(const struct list *list, PyObject *object)
{
    if (PyUnicode_Check(object)) {
        add_unicode_data(list, object);
    }
    else if (PyDict_Check(object)) {
        add_dict(list, (PyDictObject *)object);
    }
    else if (PyList_Check(object)) {
        add_block(list, ((PyListObject *)object)->ob_item, OWNED_LIST_ITEMS);
    }
    else if (PyType_Check(object)) {
        add_class_keys(list, (PyTypeObject *)object);
    }
    else if (PyAnySet_Check(object)) {
        add_set(list, (PySetObject *)object);
    }
    else if (PyByteArray_Check(object)) {
        add_block(list, ((PyByteArrayObject *)object)->ob_bytes, OWNED_BYTEARRAY);
    }
    else {
        add_extension_buffers(list, object);
    }
}

void
visit_blocks(PyObject *object, block_visitor visit, void *argument)
{
    struct list list = {visit, argument};
    add_block(&list, (char *)object - bytes_before(Py_TYPE(object)), OWNED_OBJECT);
    PyDictValues *values = attribute_values(object);
    if (values != NULL) {
        add_block(&list, block_of_values(values), OWNED_INSTANCE_VALUES);
    }
    add_buffers(&list, object);
}
