/* Names of classes, read from their structures (Objects/typeobject.c: type_qualname and
 * type_module). */
#include "names.h"

#include "text.h"

#include <string.h>

#define NAME_BYTES ((LONGEST_NAME + 1) * LONGEST_CHARACTER)

/* A name in the making; one character above the longest shows that it must be cut. */
struct name {
    char bytes[NAME_BYTES];
    size_t used;
    size_t cut_at;      /* bytes of the first LONGEST_NAME - 1 characters */
    size_t characters;
};

static void
append(struct name *name, Py_UCS4 character)
{
    if (name->characters > LONGEST_NAME) {
        return;
    }
    if (name->characters == LONGEST_NAME - 1) {
        name->cut_at = name->used;
    }
    name->used += put_character(name->bytes + name->used, character);
    name->characters++;
}

static void
append_text(struct name *name, PyObject *text)
{
    Py_ssize_t length = text_length(text);
    for (Py_ssize_t i = 0; i < length && i <= LONGEST_NAME; i++) {
        append(name, PyUnicode_READ_CHAR(text, i));
    }
}

/* UTF-8 as it stands in the source of an extension; anything but ASCII is not shown. */
static void
append_bytes(struct name *name, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count && i <= LONGEST_NAME; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        append(name, byte < 0x80 ? byte : '?');
    }
}

static uint32_t
add_name(struct output *output, struct name *name)
{
    if (name->characters > LONGEST_NAME) {
        static const char ellipsis[] = "\xE2\x80\xA6";
        memcpy(name->bytes + name->cut_at, ellipsis, sizeof ellipsis - 1);
        name->used = name->cut_at + sizeof ellipsis - 1;
    }
    return add_string(output, name->bytes, name->used);
}

static void
append_module(struct name *name, PyObject *module)
{
    if (text_length(module) > 0 && !text_equals(module, "builtins")) {
        append_text(name, module);
        append(name, '.');
    }
}

uint32_t
add_qualified_name(struct output *output, PyObject *module, PyObject *qualname)
{
    struct name name = {.used = 0};
    append_module(&name, module);
    append_text(&name, qualname);
    return add_name(output, &name);
}

PyObject *
entry_by_text(PyObject *dict, const char *key)
{
    PyObject *entry_key, *value;
    Py_ssize_t position = 0;
    if (dict == NULL || !PyDict_Check(dict)) {
        return NULL;
    }
    while (PyDict_Next(dict, &position, &entry_key, &value)) {
        if (PyUnicode_CheckExact(entry_key) && text_equals(entry_key, key)) {
            return value;
        }
    }
    return NULL;
}

/* A class in C has the name that C gave it, with its module in front. */
static uint32_t
add_static_name(struct output *output, PyTypeObject *type)
{
    struct name name = {.used = 0};
    const char *dot = strrchr(type->tp_name, '.');
    const char *last = dot == NULL ? type->tp_name : dot + 1;
    size_t module = dot == NULL ? 0 : (size_t)(dot - type->tp_name);
    if (module > 0 && !(module == 8 && memcmp(type->tp_name, "builtins", 8) == 0)) {
        append_bytes(&name, type->tp_name, module);
        append(&name, '.');
    }
    append_bytes(&name, last, strlen(last));
    return add_name(output, &name);
}

uint32_t
add_type_name(struct output *output, PyTypeObject *type)
{
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return add_static_name(output, type);
    }
    return add_qualified_name(output, entry_by_text(type->tp_dict, "__module__"),
                              ((PyHeapTypeObject *)type)->ht_qualname);
}
