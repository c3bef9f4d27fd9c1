/* What is read from the sampler, as Python objects: columns of numbers in bytes.
 *
 * A reading copies the live samples under the GIL, which is all that threads wait for, and adds
 * them up without it. The copy lies in the C library's memory, which the hooks do not see. */

#include "readout.h"

#include "clock.h"
#include "recycled.h"
#include "rows.h"
#include "samples.h"
#include "sampling.h"

#include <stdlib.h>

static PyStructSequence_Field rows_fields[] = {
    {"hold_ns", "for how long the copy held the GIL"},
    {"epoch", "the epoch that ended with this reading"},
    {"stacks", "array('I') as bytes: numbers for `stack`"},
    {"routes", "array('i') as bytes: as given to Tag.resolve; 0: untagged; -1: not routed yet"},
    {"epochs", "array('I') as bytes: the epoch in which they were allocated"},
    {"samples", "array('I') as bytes: how many samples the row rests on"},
    {"live_bytes", "array('d') as bytes: estimated live bytes"},
    {"live_objects", "array('d') as bytes: estimated live blocks"},
    {"live_bytes_variance", "array('d') as bytes: variance of `live_bytes`, estimated without bias"},
    {0},
};

static PyStructSequence_Field pointers_fields[] = {
    {"addresses", "array('Q') as bytes"},
    {"stacks", "array('I') as bytes"},
    {"routes", "array('i') as bytes"},
    {"weights", "array('d') as bytes: estimated blocks that each stands for"},
    {"sizes", "array('Q') as bytes: size of each block"},
    {0},
};

static PyStructSequence_Field counters_fields[] = {
    {"sampled", "samples taken"},
    {"freed", "of them, those whose block was freed or moved"},
    {"live", "samples now"},
    {"lost", "samples that could not be kept because a table could not grow"},
    {"recycled", "samples whose block was reused through a free list and charged anew"},
    {"stacks", "distinct stacks known"},
    {"self_bytes", "size of all tables, and what sampled blocks take beyond their size"},
    {0},
};

#define MODULE "leakprobe.capture._native._sampler."

static PyStructSequence_Desc descriptions[] = {
    {MODULE "Rows", "Live samples, added up by stack, route and epoch.", rows_fields, 9},
    {MODULE "Pointers", "Addresses of live sampled blocks.", pointers_fields, 5},
    {MODULE "Counters", "What the sampler has done since its start.", counters_fields, 7},
};

enum { ROWS, POINTERS, COUNTERS, TYPES };

static PyTypeObject *types[TYPES]; /* made once, for as long as the process lives */

int
readout_add_types(PyObject *module)
{
    for (int i = 0; i < TYPES; i++) {
        if (types[i] == NULL) {
            types[i] = PyStructSequence_NewType(&descriptions[i]);
        }
        if (types[i] == NULL || PyModule_AddType(module, types[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A value of one of the types; takes over the references. NULL where one of them is NULL. */
static PyObject *
make(int type, PyObject *const *values)
{
    PyObject *made = PyStructSequence_New(types[type]);
    bool complete = made != NULL;
    for (int i = 0; i < descriptions[type].n_in_sequence; i++) {
        complete = complete && values[i] != NULL;
        if (made != NULL) {
            PyStructSequence_SetItem(made, i, values[i]);
        }
        else {
            Py_XDECREF(values[i]);
        }
    }
    if (!complete) {
        Py_CLEAR(made);
    }
    return made;
}

/* One member of each of an array of structures, one after the other, as bytes. */
static PyObject *
column(const void *array, size_t count, size_t stride, size_t offset, size_t width)
{
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * width));
    if (bytes != NULL) {
        char *to = PyBytes_AS_STRING(bytes);
        const char *from = (const char *)array + offset;
        for (size_t i = 0; i < count; i++) {
            memcpy(to + i * width, from + i * stride, width);
        }
    }
    return bytes;
}

#define COLUMN(array, count, type, member)                                                         \
    column(array, count, sizeof(type), offsetof(type, member), sizeof(((type *)0)->member))

/* Copies the live samples; NULL with an exception set. */
static struct reading *
copy_samples(size_t *count)
{
    *count = 0;
    if (!sampling_is_on()) {
        PyErr_SetString(PyExc_RuntimeError, "nothing samples: call start() first");
        return NULL;
    }
    struct reading *readings = malloc((samples_live() + 1) * sizeof *readings);
    if (readings == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    size_t places;
    const struct sample *samples = samples_places(&places);
    for (size_t i = 0; i < places; i++) {
        const struct sample *sample = &samples[i];
        if (sample->block != NULL) {
            readings[(*count)++] = (struct reading){
                .address = (uintptr_t)sample->block,
                .size = sample->size,
                .weight = sample->weight,
                .stack = sample->stack->number,
                .route = request_route(sample->request),
                .epoch = sample->epoch,
            };
        }
    }
    return readings;
}

static PyObject *
make_rows(uint64_t hold_ns, uint32_t epoch, const struct row *rows, size_t count)
{
    return make(ROWS, (PyObject *[]){
                          PyLong_FromUnsignedLongLong(hold_ns),
                          PyLong_FromUnsignedLong(epoch),
                          COLUMN(rows, count, struct row, stack),
                          COLUMN(rows, count, struct row, route),
                          COLUMN(rows, count, struct row, epoch),
                          COLUMN(rows, count, struct row, samples),
                          COLUMN(rows, count, struct row, bytes),
                          COLUMN(rows, count, struct row, objects),
                          COLUMN(rows, count, struct row, bytes_variance),
                      });
}

PyObject *
readout_rows(void)
{
    uint64_t begun_ns = now_ns();
    size_t count;
    struct reading *readings = copy_samples(&count);
    if (readings == NULL) {
        return NULL;
    }
    uint32_t epoch = sampling_end_epoch();
    samples_shrink();
    struct stack *idle = stacks_detach_idle();
    uint64_t hold_ns = now_ns() - begun_ns;

    size_t row_count;
    struct row *rows;
    Py_BEGIN_ALLOW_THREADS
    rows = rows_add_up(readings, count, &row_count);
    free(readings);
    Py_END_ALLOW_THREADS

    PyObject *result = rows == NULL ? PyErr_NoMemory() : make_rows(hold_ns, epoch, rows, row_count);
    free(rows);
    recycled_watch();
    stacks_release(idle);
    return result;
}

PyObject *
readout_pointers(void)
{
    size_t count;
    struct reading *readings = copy_samples(&count);
    if (readings == NULL) {
        return NULL;
    }
    PyObject *result = make(POINTERS, (PyObject *[]){
                                          COLUMN(readings, count, struct reading, address),
                                          COLUMN(readings, count, struct reading, stack),
                                          COLUMN(readings, count, struct reading, route),
                                          COLUMN(readings, count, struct reading, weight),
                                          COLUMN(readings, count, struct reading, size),
                                      });
    free(readings);
    return result;
}

/* All are taken before the first object is made: making it may be sampled. */
PyObject *
readout_counters(void)
{
    struct sampling_counters done = sampling_counters();
    size_t live = samples_live(), stacks = stacks_count();
    size_t self_bytes = samples_bytes() + stacks_bytes() + requests_bytes();
    return make(COUNTERS, (PyObject *[]){
                              PyLong_FromUnsignedLongLong(done.sampled),
                              PyLong_FromUnsignedLongLong(done.freed),
                              PyLong_FromSize_t(live),
                              PyLong_FromUnsignedLongLong(done.lost),
                              PyLong_FromUnsignedLongLong(done.recycled),
                              PyLong_FromSize_t(stacks),
                              PyLong_FromSize_t(self_bytes),
                          });
}
