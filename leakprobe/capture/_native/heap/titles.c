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

static int
is_coroutine(PyObject *object)
{
    return PyGen_CheckExact(object) || PyCoro_CheckExact(object) || PyAsyncGen_CheckExact(object);
}

static uint32_t
add_coroutine_title(struct output *output, PyObject *coroutine)
{
    return add_unicode(output, ((PyGenObject *)coroutine)->gi_qualname, LONGEST_NAME);
}

/* A task is called after the first coroutine that it refers to, which is its own: what it may have
 * as a result comes later (Modules/_asynciomodule.c: TaskObj_traverse). */
static uint32_t
add_task_title(const struct walk *walk, uint32_t node)
{
    const uint32_t *targets;
    uint32_t count = edges_of(&walk->graph, node, &targets);
    for (uint32_t i = 0; i < count; i++) {
        PyObject *held = walk->graph.objects[targets[i]];
        if (is_coroutine(held)) {
            return add_coroutine_title(walk->output, held);
        }
    }
    return NO_STRING;
}

static uint32_t
title_of_object(const struct walk *walk, uint32_t node)
{
    PyObject *object = walk->graph.objects[node];
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
    if (is_coroutine(object)) {
        return add_coroutine_title(walk->output, object);
    }
    if (thing_of(walk, node) == THING_TASK) {
        return add_task_title(walk, node);
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
        return title_of_object(walk, node);
    default:
        return NO_STRING;
    }
}

/* --- things --- */

/* Classes of the standard library whose instances hold for a reason of their own. Those in C have
 * their module in `tp_name`. */
static const struct {
    const char *module, *name;
    enum thing thing;
} things[] = {
    {"threading", "Thread", THING_THREAD_OBJECT},
    {"logging", "Handler", THING_LOGGING_HANDLER},
    {"asyncio.events", "TimerHandle", THING_TIMER_HANDLE},
    {NULL, "uvloop.loop.TimerHandle", THING_TIMER_HANDLE},
    {"asyncio.tasks", "Task", THING_TASK},
    {NULL, "_asyncio.Task", THING_TASK},
};

static enum thing
thing_of_class(PyTypeObject *type)
{
    for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
        if (is_class(type, things[i].module, things[i].name)) {
            return things[i].thing;
        }
    }
    return THING_OBJECT;
}

/* What the instances of a class are: of the first of its bases that is known. */
static enum thing
thing_of_instance(PyTypeObject *type)
{
    PyObject *bases = type->tp_mro;
    enum thing thing = thing_of_class(type);
    if (bases == NULL || !PyTuple_CheckExact(bases)) {
        return thing;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(bases) && thing == THING_OBJECT; i++) {
        PyObject *base = PyTuple_GET_ITEM(bases, i);
        thing = PyType_Check(base) ? thing_of_class((PyTypeObject *)base) : THING_OBJECT;
    }
    return thing;
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
    return is_plumbing(Py_TYPE(object)) ? THING_PLUMBING : thing_of_instance(Py_TYPE(object));
}
