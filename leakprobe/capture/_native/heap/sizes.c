/* The shallow size of an object, as `sys.getsizeof` finds it, with two exceptions: a `__sizeof__`
 * written in Python is passed over for the first one in C among the bases, and the table of an
 * instance's attribute values, which nobody else counts, is counted.
 *
 * A method in C is called where it is not simply that of `object`: only it knows what lies in a
 * buffer behind the object. It makes an int, which comes from the child's own allocator (see
 * interpreter_memory.c), so that neither malloc nor a sampler's hook is reached. */
#include "sizes.h"

#include "types.h"
#include "object_versions.h"

#include <string.h>

static PyCFunction
own_sizeof(PyTypeObject *type)
{
    for (PyMethodDef *method = type->tp_methods; method != NULL && method->ml_name != NULL;
         method++) {
        if (method->ml_flags == METH_NOARGS && strcmp(method->ml_name, "__sizeof__") == 0) {
            return method->ml_meth;
        }
    }
    return NULL;
}

/* The first method in the order of the bases. `tp_methods` has what C defined, also of a class
 * made by PyType_FromSpec; a class statement leaves it empty. */
static PyCFunction
inherited_sizeof(PyTypeObject *type)
{
    PyObject *bases = type->tp_mro;
    if (bases == NULL || !PyTuple_CheckExact(bases)) {
        return own_sizeof(type);
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(bases); i++) {
        PyObject *base = PyTuple_GET_ITEM(bases, i);
        PyCFunction method = PyType_Check(base) ? own_sizeof((PyTypeObject *)base) : NULL;
        if (method != NULL) {
            return method;
        }
    }
    return NULL;
}

/* The buffer of a BytesIO is an object, which its `__sizeof__` counts as a part of it. Since 3.12 it
 * is reported as a reference, too (Modules/_io/bytesio.c: bytesio_traverse), and counts by itself. */
static int
counts_what_it_refers_to(PyTypeObject *type)
{
    for (; type != NULL; type = type->tp_base) {
        if (strcmp(type->tp_name, "_io.BytesIO") == 0) {
            return BYTESIO_REPORTS_ITS_BUFFER;
        }
    }
    return 0;
}

struct sizer
sizer_of(PyTypeObject *type)
{
    struct sizer sizer = {.method = inherited_sizeof(type),
                          .header = bytes_before(type),
                          .has_values = PyType_HasFeature(type, Py_TPFLAGS_MANAGED_DICT)};
    if (sizer.method == own_sizeof(&PyBaseObject_Type) || counts_what_it_refers_to(type)) {
        sizer.method = NULL;
    }
    return sizer;
}

/* Objects/typeobject.c (object___sizeof___impl). */
static uint64_t
plain_size(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    uint64_t size = (uint64_t)type->tp_basicsize;
    if (type->tp_itemsize > 0) {
        Py_ssize_t items = Py_SIZE(object);
        size += (uint64_t)(items < 0 ? -items : items) * (uint64_t)type->tp_itemsize;
    }
    return size;
}

static uint64_t
asked_size(PyCFunction method, PyObject *object)
{
    PyObject *answer = method(object, NULL);
    size_t size = (size_t)-1;
    if (answer != NULL) {
        size = PyLong_CheckExact(answer) ? PyLong_AsSize_t(answer) : (size_t)-1;
        Py_DECREF(answer);
    }
    if (size != (size_t)-1) {
        return size;
    }
    PyErr_Clear();
    return plain_size(object);
}

uint64_t
size_with(const struct sizer *sizer, PyObject *object)
{
    uint64_t values = sizer->has_values ? bytes_of_values(object) : 0;
    if (sizer->method == NULL) {
        return values + sizer->header + plain_size(object);
    }
    if (PyUnicode_CheckExact(object) && is_plain_ascii(object)) {
        return sizeof(PyASCIIObject) + (uint64_t)PyUnicode_GET_LENGTH(object) + 1;
    }
    uint64_t header = PyType_Check(object) ? class_header_bytes((PyTypeObject *)object)
                                           : sizer->header;
    return values + header + asked_size(sizer->method, object);
}

uint64_t
shallow_size(PyObject *object)
{
    struct sizer sizer = sizer_of(Py_TYPE(object));
    return size_with(&sizer, object);
}
