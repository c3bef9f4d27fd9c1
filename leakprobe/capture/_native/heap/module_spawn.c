/* `spawn` of the Python module: its arguments, and the child that runs the walk. */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include "module.h"

#include "walk.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Arguments as Python gives them. The bytes are read by the child in its copy, so nothing of them
 * is needed once it has been made. */
struct arguments {
    PyObject *memory_budget;
    int reveal;
    Py_buffer own, addresses, pointers;
    const char *own_file_prefix, *own_shared_file, *type_name, *newest_types;
    Py_ssize_t samples, newest, entries, top, container_least, container_most;
};

/* What the child needs. */
struct job {
    struct request request;
    PyInterpreterState *interpreter;
    int descriptor;
};

static void
walk_in_child(void *argument)
{
    struct job *job = argument;
    run_walk(&job->request, job->interpreter, job->descriptor);
}

static int
parse_arguments(PyObject *args, PyObject *keywords, struct arguments *parsed)
{
    static char *names[] = {"memory_budget", "reveal", "own", "own_file_prefix",
                            "own_shared_file", "type_name", "samples", "newest_types", "newest",
                            "addresses", "pointers", "top", "container_least", "container_most",
                            "entries", NULL};
    if (!PyArg_ParseTupleAndKeywords(
        args, keywords, "|$O!py*sssnsny*y*nnnn:spawn", names, &PyLong_Type, &parsed->memory_budget,
        &parsed->reveal, &parsed->own, &parsed->own_file_prefix, &parsed->own_shared_file,
        &parsed->type_name, &parsed->samples, &parsed->newest_types, &parsed->newest,
        &parsed->addresses, &parsed->pointers, &parsed->top, &parsed->container_least,
        &parsed->container_most, &parsed->entries)) {
        return -1;
    }
    if (parsed->memory_budget == NULL) {
        PyErr_SetString(PyExc_TypeError, "spawn() needs the keyword argument memory_budget");
        return -1;
    }
    return 0;
}

/* An array('Q') as bytes. */
static int
read_addresses(const Py_buffer *buffer, const char *name, const uint64_t **addresses,
               uint32_t *count)
{
    if (buffer->len % (Py_ssize_t)sizeof(uint64_t) != 0
        || (uint64_t)buffer->len / sizeof(uint64_t) > UINT32_MAX) {
        PyErr_Format(PyExc_ValueError, "%s is no array('Q') as bytes: it has %zd bytes", name,
                     buffer->len);
        return -1;
    }
    *addresses = buffer->buf;
    *count = (uint32_t)((uint64_t)buffer->len / sizeof(uint64_t));
    return 0;
}

static int
read_count(Py_ssize_t value, const char *name, uint32_t *count)
{
    if (value < 0 || (uint64_t)value > UINT32_MAX) {
        PyErr_Format(PyExc_ValueError, "%s is %zd, and must be from 0 to 2**32 - 1", name, value);
        return -1;
    }
    *count = (uint32_t)value;
    return 0;
}

static const char *
text_or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static int
make_request(const struct arguments *parsed, struct request *request)
{
    uint32_t container_least;
    request->memory_budget = PyLong_AsUnsignedLongLong(parsed->memory_budget);
    if (request->memory_budget == (unsigned long long)-1 && PyErr_Occurred()) {
        PyErr_Format(PyExc_ValueError, "memory_budget is %R, and must be from 0 to 2**64 - 1",
                     parsed->memory_budget);
        return -1;
    }
    if (read_addresses(&parsed->own, "own", &request->own.addresses, &request->own.count) < 0
        || read_addresses(&parsed->addresses, "addresses", &request->addresses,
                          &request->address_count) < 0
        || read_addresses(&parsed->pointers, "pointers", &request->pointers,
                          &request->pointer_count) < 0
        || read_count(parsed->samples, "samples", &request->samples) < 0
        || read_count(parsed->newest, "newest", &request->newest) < 0
        || read_count(parsed->entries, "entries", &request->entries) < 0
        || read_count(parsed->top, "top", &request->top) < 0
        || read_count(parsed->container_least, "container_least", &container_least) < 0
        || read_count(parsed->container_most, "container_most", &request->container_most) < 0) {
        return -1;
    }
    request->container_least = container_least;
    request->reveal = parsed->reveal;
    request->type_name = parsed->type_name;
    request->newest_types = parsed->newest_types;
    request->own.file_prefix = text_or_null(parsed->own_file_prefix);
    request->own.shared_file = text_or_null(parsed->own_shared_file);
    return 0;
}

static PyObject *
start_walk(struct module_state *state, const struct arguments *parsed)
{
    struct job job = {.interpreter = PyInterpreterState_Get()};
    struct child child;
    if (make_request(parsed, &job.request) < 0) {
        return NULL;
    }
    job.descriptor = memfd_create("leakprobe-heap", MFD_CLOEXEC);
    if (job.descriptor < 0) {
        return raise_errno(errno);
    }
    int error = start_child(walk_in_child, &job, job.descriptor, &child);
    if (error != 0) {
        (void)close(job.descriptor);
        return raise_errno(error);
    }
    return named_tuple(state->child_type,
                       Py_BuildValue("(iiiK)", (int)child.pid, child.process, job.descriptor,
                                     (unsigned long long)child.pause_ns));
}

static void
release_buffer(Py_buffer *buffer)
{
    if (buffer->obj != NULL) {
        PyBuffer_Release(buffer);
    }
}

PyObject *
spawn(PyObject *module, PyObject *args, PyObject *keywords)
{
    struct arguments parsed = {.own_file_prefix = "", .own_shared_file = "", .type_name = "",
                               .newest_types = "",
                               .container_least = 32, .container_most = 20000,
                               .entries = 2000};
    PyObject *result = NULL;
    if (parse_arguments(args, keywords, &parsed) == 0) {
        result = start_walk(PyModule_GetState(module), &parsed);
    }
    release_buffer(&parsed.own);
    release_buffer(&parsed.addresses);
    release_buffer(&parsed.pointers);
    return result;
}
