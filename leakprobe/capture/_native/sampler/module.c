/* The extension module: arguments in, calls, exceptions out. What it offers stands in _sampler.pyi.
 *
 * There is one set of allocators in a process, so there is one sampler: its state is static, and the
 * module loads in the main interpreter only. A second import finds the same sampler. */

#include "arenas.h"
#include "frames.h"
#include "hooks.h"
#include "readout.h"
#include "recycled.h"
#include "refusal.h"
#include "sampling.h"
#include "stacks.h"
#include "tags.h"

#include <Python.h>

static PyObject *
module_refusal(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    const char *reason;
    if (!refusal_reason(&reason)) {
        return NULL;
    }
    if (reason == NULL) {
        Py_RETURN_NONE;
    }
    return PyUnicode_FromString(reason);
}

static bool
is_mean(Py_ssize_t sample_bytes)
{
    if (sample_bytes < 1) {
        PyErr_Format(PyExc_ValueError, "sample_bytes must be at least 1, not %zd", sample_bytes);
    }
    return sample_bytes >= 1;
}

static bool
is_depth(int frames)
{
    bool is = frames >= 1 && frames <= MOST_FRAMES;
    if (!is) {
        PyErr_Format(PyExc_ValueError, "frames must be 1 to %d, not %d", MOST_FRAMES, frames);
    }
    return is;
}

/* Whether sampling may start now; else an exception is set. */
static bool
may_start(void)
{
    const char *reason;
    if (!refusal_reason(&reason)) {
        return false;
    }
    if (reason == NULL && sampling_is_on()) {
        reason = "it samples already; call stop() first";
    }
    if (reason != NULL) {
        PyErr_Format(PyExc_RuntimeError, "cannot sample allocations: %s", reason);
    }
    return reason == NULL;
}

static PyObject *
module_start(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_ssize_t sample_bytes;
    int frames;
    PyObject *tag;
    if (!PyArg_ParseTuple(arguments, "niO:start", &sample_bytes, &frames, &tag)) {
        return NULL;
    }
    if (tag != Py_None && !PyContextVar_CheckExact(tag)) {
        PyErr_Format(PyExc_TypeError, "tag must be a ContextVar or None, not %.100s",
                     Py_TYPE(tag)->tp_name);
        return NULL;
    }
    if (!is_mean(sample_bytes) || !is_depth(frames) || !may_start()) {
        return NULL;
    }
    hooks_install();
    if (!sampling_start((double)sample_bytes, frames, tag == Py_None ? NULL : tag)) {
        return PyErr_NoMemory();
    }
    Py_RETURN_NONE;
}

static PyObject *
module_stop(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    recycled_follow(false);
    sampling_stop();
    Py_RETURN_NONE;
}

static PyObject *
module_is_sampling(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return PyBool_FromLong(sampling_is_on());
}

static PyObject *
module_is_hooked(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return PyBool_FromLong(hooks_on_top());
}

static PyObject *
module_set_sample_bytes(PyObject *Py_UNUSED(module), PyObject *number)
{
    Py_ssize_t sample_bytes = PyNumber_AsSsize_t(number, PyExc_OverflowError);
    if ((sample_bytes == -1 && PyErr_Occurred()) || !is_mean(sample_bytes)) {
        return NULL;
    }
    if (sampling_is_on()) {
        sampling_set_mean((double)sample_bytes);
    }
    Py_RETURN_NONE;
}

static PyObject *
module_follow_recycled(PyObject *Py_UNUSED(module), PyObject *wanted)
{
    int is_wanted = PyObject_IsTrue(wanted);
    if (is_wanted < 0) {
        return NULL;
    }
    recycled_follow(is_wanted);
    Py_RETURN_NONE;
}

static PyObject *
module_read(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return readout_rows();
}

static PyObject *
module_pointers(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return readout_pointers();
}

static PyObject *
module_stack(PyObject *Py_UNUSED(module), PyObject *number)
{
    unsigned long wanted = PyLong_AsUnsignedLong(number);
    if (wanted == (unsigned long)-1 && PyErr_Occurred()) {
        return NULL;
    }
    struct frame frames[MOST_FRAMES];
    int depth = wanted > UINT32_MAX ? -1 : stacks_copy((uint32_t)wanted, frames);
    if (depth < 0) {
        return PyErr_Format(PyExc_LookupError, "there is no stack %lu", wanted);
    }
    PyObject *described = frames_describe(frames, depth);
    for (int i = 0; i < depth; i++) {
        Py_DECREF(frames[i].code);
    }
    return described;
}

static PyObject *
module_counters(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return readout_counters();
}

static PyObject *
module_pymalloc_report(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return arenas_report();
}

static PyObject *
module_after_fork(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    sampling_after_fork();
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"refusal", module_refusal, METH_NOARGS,
     PyDoc_STR("refusal($module, /)\n--\n\n"
               "Why sampling cannot start now, in words; None: it can.")},
    {"start", module_start, METH_VARARGS,
     PyDoc_STR("start($module, sample_bytes, frames, tag, /)\n--\n\n"
               "Begin to sample with empty tables.")},
    {"stop", module_stop, METH_NOARGS,
     PyDoc_STR("stop($module, /)\n--\n\n"
               "Stop sampling, forget all samples, and give the tables back.")},
    {"is_sampling", module_is_sampling, METH_NOARGS,
     PyDoc_STR("is_sampling($module, /)\n--\n\nWhether samples are taken.")},
    {"is_hooked", module_is_hooked, METH_NOARGS,
     PyDoc_STR("is_hooked($module, /)\n--\n\n"
               "Whether allocations still go through our hook first.")},
    {"set_sample_bytes", module_set_sample_bytes, METH_O,
     PyDoc_STR("set_sample_bytes($module, sample_bytes, /)\n--\n\n"
               "Change the mean from now on. Each sample keeps the weight it was taken with.")},
    {"follow_recycled", module_follow_recycled, METH_O,
     PyDoc_STR("follow_recycled($module, wanted, /)\n--\n\n"
               "Charge objects in blocks of free lists to who makes them, from now on or no more.")},
    {"read", module_read, METH_NOARGS,
     PyDoc_STR("read($module, /)\n--\n\n"
               "Live samples by stack, route and epoch; a new epoch begins.")},
    {"pointers", module_pointers, METH_NOARGS,
     PyDoc_STR("pointers($module, /)\n--\n\nWhere live samples are.")},
    {"stack", module_stack, METH_O,
     PyDoc_STR("stack($module, number, /)\n--\n\n"
               "File, line and qualified name of each frame of a stack, innermost first.")},
    {"counters", module_counters, METH_NOARGS,
     PyDoc_STR("counters($module, /)\n--\n\nWhat has been done, and what it takes.")},
    {"pymalloc_report", module_pymalloc_report, METH_NOARGS,
     PyDoc_STR("pymalloc_report($module, /)\n--\n\n"
               "What pymalloc holds, as sys._debugmallocstats() prints it; None: not known.")},
    {"after_fork", module_after_fork, METH_NOARGS,
     PyDoc_STR("after_fork($module, /)\n--\n\n"
               "In a forked child: drop what other threads were in the middle of.")},
    {0},
};

static int
execute(PyObject *module)
{
    if (!is_main_interpreter()) {
        PyErr_SetString(PyExc_ImportError, "only the main interpreter can be sampled");
        return -1;
    }
    arenas_learn();
    if (PyModule_AddType(module, &tag_type) < 0) { /* it readies the type */
        return -1;
    }
    return readout_add_types(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_sampler",
    .m_doc = PyDoc_STR("The allocation sampler: a hook in CPython's object allocators."),
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__sampler(void)
{
    return PyModuleDef_Init(&definition);
}
