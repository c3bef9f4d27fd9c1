/* When an allocation is sampled, and what becomes of the sample.
 *
 * The countdown is drawn from an exponential distribution, which has no memory: each allocation of
 * `size` bytes is sampled with probability 1 - exp(-size / mean), whatever came before it, and
 * drawing anew at any time changes nothing. A sample counts as one over that probability.
 *
 * Threads. CPython calls the allocators of the MEM and OBJ domains with the GIL held, and that is
 * the lock of everything here. RAW's free (raw_frees.c) is called without it, too; it reads a word of
 * the filter and goes on only where it is held. Sub-interpreters are refused at the start; one that
 * is made later comes through the hooks all the same, since 3.12 perhaps with a GIL of its own. Of
 * ours its threads touch, without our GIL: the countdown and the random state, where a lost update
 * moves a sample and biases nothing; and a word of the filter, which they read. They get no further:
 * what follows asks first whose thread this is. So their blocks are never sampled. One of ours that
 * is freed from another interpreter stays in the table until its address is allocated or freed here. */

#include "sampling.h"

#include "random.h"
#include "samples.h"
#include "versions.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

/* Not to be reached by any allocation: blocks are at most PY_SSIZE_T_MAX bytes. */
#define OUT_OF_REACH INT64_MAX

int64_t sampling_countdown = OUT_OF_REACH;

static struct {
    bool on;
    double mean_bytes;
    int frames;
    PyObject *tag;
    PyInterpreterState *interpreter;
    uint64_t random;
    uint32_t epoch;
    struct sampling_counters counters;
} sampling;

/* Set while a thread is in here: what is allocated meanwhile is not sampled. */
static _Thread_local bool busy;

static void
draw_countdown(void)
{
    double bytes = -log(random_unit(&sampling.random)) * sampling.mean_bytes;
    int64_t countdown = bytes < 0x1p62 ? (int64_t)bytes : (int64_t)1 << 62;
    __atomic_store_n(&sampling_countdown, countdown, __ATOMIC_RELAXED);
}

static void
seed(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    sampling.random ^= ((uint64_t)getpid() << 32) ^ (uint64_t)now.tv_sec;
    sampling.random = random_bits(&sampling.random) ^ (uint64_t)now.tv_nsec;
}

bool
sampling_start(double mean_bytes, int frames, PyObject *tag)
{
    if (!samples_open()) {
        return false;
    }
    sampling.mean_bytes = mean_bytes;
    sampling.frames = frames;
    sampling.tag = Py_XNewRef(tag);
    sampling.interpreter = PyInterpreterState_Get();
    sampling.epoch = 0;
    sampling.counters = (struct sampling_counters){0};
    seed();
    sampling.on = true;
    draw_countdown();
    return true;
}

void
sampling_stop(void)
{
    if (!sampling.on) {
        return;
    }
    sampling.on = false;
    sampling_countdown = OUT_OF_REACH;
    samples_close();
    struct stack *stacks = stacks_detach_all();
    PyObject *tag = sampling.tag;
    sampling.tag = NULL;
    /* From here on Python code may run, and even start anew. */
    stacks_release(stacks);
    Py_XDECREF(tag);
}

bool
sampling_is_on(void)
{
    return sampling.on;
}

void
sampling_set_mean(double mean_bytes)
{
    sampling.mean_bytes = mean_bytes;
    draw_countdown();
}

struct sampling_counters
sampling_counters(void)
{
    return sampling.counters;
}

uint32_t
sampling_end_epoch(void)
{
    return sampling.epoch++;
}

void
sampling_after_fork(void)
{
    busy = false;
    if (sampling.on) {
        seed();
        draw_countdown();
    }
}

/* Whether this thread may touch the tables; without a thread state none does, as at the very end. */
static bool
is_ours(const PyThreadState *thread)
{
    return thread != NULL && thread->interp == sampling.interpreter;
}

static struct stack *
current_stack(PyThreadState *thread)
{
    struct frame frames[MOST_FRAMES];
    return stacks_intern(frames, frames_walk(thread, frames, sampling.frames));
}

static double
weight_of(size_t size)
{
    return -1 / expm1(-(double)size / sampling.mean_bytes);
}

static bool
keep_sample(PyThreadState *thread, void *block, size_t size, size_t asked)
{
    struct stack *stack = current_stack(thread);
    if (stack == NULL) {
        return false;
    }
    struct request *request = tags_current_request(thread, sampling.tag);
    struct sample sample = {
        .block = block,
        .size = size,
        .padding = asked - size,
        .weight = weight_of(size),
        .stack = stack,
        .request = request,
        .epoch = sampling.epoch,
    };
    if (!samples_add(&sample)) {
        request_release(request);
        return false;
    }
    stack->live++;
    return true;
}

void
sampling_take(void *block, size_t size, size_t asked)
{
    if (!sampling.on) {
        sampling_countdown = OUT_OF_REACH;
        return;
    }
    draw_countdown();
    PyThreadState *thread = current_thread();
    /* Of no size: only where another interpreter has just moved the countdown. */
    if (block == NULL || size == 0 || busy || !is_ours(thread)) {
        return;
    }
    busy = true;
    sampling_forget(block); /* if another interpreter freed what was there */
    if (keep_sample(thread, block, size, asked)) {
        sampling.counters.sampled++;
    }
    else {
        sampling.counters.lost++;
    }
    busy = false;
}

void
sampling_forget(void *block)
{
    if (!is_ours(current_thread())) {
        return;
    }
    struct sample *sample = samples_find(block);
    if (sample != NULL) {
        sample->stack->live--;
        samples_remove(sample);
        sampling.counters.freed++;
    }
}

void
sampling_charge_anew(void *block)
{
    PyThreadState *thread = current_thread();
    if (busy || !is_ours(thread)) {
        return;
    }
    struct sample *sample = samples_find(block);
    if (sample == NULL) {
        return;
    }
    if (!sample->created) { /* the object that the block was allocated for */
        sample->created = true;
        return;
    }
    busy = true;
    struct stack *stack = current_stack(thread);
    if (stack != NULL) { /* else the sample keeps the stack that it has */
        sample->stack->live--;
        stack->live++;
        sample->stack = stack;
        request_release(sample->request);
        sample->request = tags_current_request(thread, sampling.tag);
        sample->epoch = sampling.epoch;
        sampling.counters.recycled++;
    }
    busy = false;
}
