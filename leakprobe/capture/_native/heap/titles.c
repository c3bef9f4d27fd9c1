/* Names of nodes, all of them as they stand in code. */
#include "titles.h"

#include "names.h"
#include "parts.h"
#include "reveal.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/* --- frames --- */

/* At most LONGEST_NAME characters of a text from `start` on. */
static size_t
put_name(char *at, PyObject *text, Py_ssize_t start)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    if (text_length(text) - start <= LONGEST_NAME) {
        return put_text(at, text, start, LONGEST_NAME);
    }
    size_t used = put_text(at, text, start, LONGEST_NAME - 1);
    memcpy(at + used, ellipsis, sizeof ellipsis - 1);
    return used + sizeof ellipsis - 1;
}

static Py_ssize_t
after_last_slash(PyObject *path)
{
    Py_ssize_t start = text_length(path);
    while (start > 0 && PyUnicode_READ_CHAR(path, start - 1) != '/') {
        start--;
    }
    return start < 0 ? 0 : start;
}

/* `qualname at file.py:line`. PyCode_Addr2Line only reads (Objects/codeobject.c). */
static uint32_t
add_frame_title(struct output *output, InterpreterFrame *frame)
{
    char title[2 * LONGEST_NAME * LONGEST_CHARACTER + 32];
    PyCodeObject *code = frame == NULL ? NULL : frame_code(frame);
    if (code == NULL) {
        return NO_STRING;
    }
    size_t used = put_name(title, code->co_qualname, 0);
    memcpy(title + used, " at ", 4);
    used += 4;
    used += put_name(title + used, code->co_filename, after_last_slash(code->co_filename));
    int line = PyCode_Addr2Line(code, frame_instruction(frame));
    int written = snprintf(title + used, sizeof title - used, ":%d", line);
    return add_string(output, title, used + (size_t)(written < 0 ? 0 : written));
}

/* --- objects --- */

static uint32_t
add_module_title(struct output *output, PyObject *namespace, PyObject *module)
{
    PyObject *name = entry_by_text(namespace, "__name__");
    if (text_length(name) < 0 && module != NULL) {
        name = ((PyModuleObject *)module)->md_name;
    }
    return add_unicode(output, name, LONGEST_NAME);
}

static uint32_t
title_of_object(const struct walk *walk, PyObject *object)
{
    if (PyModule_Check(object)) {
        return add_module_title(walk->output, ((PyModuleObject *)object)->md_dict, object);
    }
    if (PyType_Check(object)) {
        return add_type_name(walk->output, (PyTypeObject *)object);
    }
    if (PyFunction_Check(object)) {
        const PyFunctionObject *function = (PyFunctionObject *)object;
        return add_qualified_name(walk->output, function->func_module, function->func_qualname);
    }
    if (PyFrame_Check(object)) {
        return add_frame_title(walk->output, frame_of(object));
    }
    if (PyGen_CheckExact(object) || PyCoro_CheckExact(object) || PyAsyncGen_CheckExact(object)) {
        return add_unicode(walk->output, ((PyGenObject *)object)->gi_qualname, LONGEST_NAME);
    }
    return walk->request->reveal ? reveal(walk->output, object) : NO_STRING;
}

uint32_t
title_of(const struct walk *walk, uint32_t node)
{
    switch (kind_of_node(&walk->graph, node)) {
    case KIND_FRAME:
        return add_frame_title(walk->output, walk->graph.virtuals[node]);
    case KIND_OBJECT:
        if (space_of_node(walk, node) == SPACE_MODULE) {
            return add_module_title(walk->output, walk->graph.objects[node], NULL);
        }
        return title_of_object(walk, walk->graph.objects[node]);
    default:
        return NO_STRING;
    }
}

/* --- things --- */

static int
is_thread_class(PyTypeObject *type)
{
    return PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && strcmp(type->tp_name, "Thread") == 0
           && text_equals(entry_by_text(type->tp_dict, "__module__"), "threading");
}

/* Whether a class is threading.Thread or inherits from it. */
static int
is_thread(PyTypeObject *type)
{
    PyObject *bases = type->tp_mro;
    if (bases == NULL || !PyTuple_CheckExact(bases)) {
        return is_thread_class(type);
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(bases); i++) {
        PyObject *base = PyTuple_GET_ITEM(bases, i);
        if (PyType_Check(base) && is_thread_class((PyTypeObject *)base)) {
            return 1;
        }
    }
    return 0;
}

enum thing
thing_of(const struct walk *walk, uint32_t node)
{
    if (node < walk->graph.virtual_count) {
        return THING_OBJECT;
    }
    PyObject *object = walk->graph.objects[node];
    if (PyModule_Check(object)) {
        return THING_MODULE;
    }
    if (PyType_Check(object)) {
        return THING_CLASS;
    }
    if (PyFunction_Check(object)) {
        return THING_FUNCTION;
    }
    if (PyFrame_Check(object)) {
        return THING_FRAME_OBJECT;
    }
    if (is_thread(Py_TYPE(object))) {
        return THING_THREAD_OBJECT;
    }
    return is_plumbing(Py_TYPE(object)) ? THING_PLUMBING : THING_OBJECT;
}
