/* Stacks, each kept once: a hash table over (code, instruction) pairs, and a list by number.
 *
 * A stack holds its code objects, so that line numbers can be looked up when somebody reads. One
 * that has had no sample for two readings is given up, else a service that generates code would
 * collect it here. Numbers are not used again: readers remember stacks by them. */

#include "stacks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_AT_FIRST = 1 << 10, IDLE_READS = 2 };

static struct stack **buckets;
static size_t bucket_count; /* a power of two */
static struct stack **by_number; /* in rising order */
static size_t count, room;
static size_t stack_bytes;
static uint32_t last_number;

static size_t
size_of(int depth)
{
    return sizeof(struct stack) + (size_t)depth * sizeof(struct frame);
}

static uint64_t
hash_of(const struct frame *frames, int depth)
{
    uint64_t hash = (uint64_t)depth;
    for (int i = 0; i < depth; i++) {
        hash = (hash ^ (uintptr_t)frames[i].code) * 0x9E3779B97F4A7C15u;
        hash = (hash ^ (hash >> 29) ^ (uint64_t)frames[i].instruction) * 0xBF58476D1CE4E5B9u;
        hash ^= hash >> 32;
    }
    return hash;
}

static bool
is_same(const struct stack *stack, const struct frame *frames, int depth)
{
    if (stack->depth != depth) {
        return false;
    }
    for (int i = 0; i < depth; i++) {
        if (stack->frames[i].code != frames[i].code ||
            stack->frames[i].instruction != frames[i].instruction) {
            return false;
        }
    }
    return true;
}

static void
link_in(struct stack *stack)
{
    struct stack **bucket = &buckets[stack->hash & (bucket_count - 1)];
    stack->next = *bucket;
    *bucket = stack;
}

static void
unlink_from(struct stack *stack)
{
    struct stack **link = &buckets[stack->hash & (bucket_count - 1)];
    while (*link != stack) {
        link = &(*link)->next;
    }
    *link = stack->next;
}

/* Without memory the chains in the buckets grow longer; only the first ones are needed. */
static bool
grow_buckets(void)
{
    if (count < bucket_count) {
        return true;
    }
    size_t new_count = bucket_count == 0 ? BUCKETS_AT_FIRST : bucket_count * 2;
    struct stack **new_buckets = calloc(new_count, sizeof(struct stack *));
    if (new_buckets == NULL) {
        return bucket_count != 0;
    }
    free(buckets);
    buckets = new_buckets;
    bucket_count = new_count;
    for (size_t i = 0; i < count; i++) {
        link_in(by_number[i]);
    }
    return true;
}

static bool
grow_list(void)
{
    if (count < room) {
        return true;
    }
    size_t new_room = room == 0 ? BUCKETS_AT_FIRST : room * 2;
    struct stack **grown = realloc(by_number, new_room * sizeof(struct stack *));
    if (grown == NULL) {
        return false;
    }
    by_number = grown;
    room = new_room;
    return true;
}

static struct stack *
make(const struct frame *frames, int depth, uint64_t hash)
{
    if (last_number == UINT32_MAX || !grow_list() || !grow_buckets()) {
        return NULL;
    }
    struct stack *stack = malloc(size_of(depth));
    if (stack == NULL) {
        return NULL;
    }
    *stack = (struct stack){.hash = hash, .number = ++last_number, .depth = depth};
    for (int i = 0; i < depth; i++) {
        stack->frames[i] = frames[i];
        Py_INCREF(frames[i].code);
    }
    link_in(stack);
    by_number[count++] = stack;
    stack_bytes += size_of(depth);
    return stack;
}

struct stack *
stacks_intern(const struct frame *frames, int depth)
{
    uint64_t hash = hash_of(frames, depth);
    if (bucket_count != 0) {
        struct stack *stack = buckets[hash & (bucket_count - 1)];
        for (; stack != NULL; stack = stack->next) {
            if (stack->hash == hash && is_same(stack, frames, depth)) {
                return stack;
            }
        }
    }
    return make(frames, depth, hash);
}

static const struct stack *
find(uint32_t number)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_number[middle]->number < number) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low < count && by_number[low]->number == number ? by_number[low] : NULL;
}

int
stacks_copy(uint32_t number, struct frame frames[MOST_FRAMES])
{
    const struct stack *stack = find(number);
    if (stack == NULL) {
        return -1;
    }
    for (int i = 0; i < stack->depth; i++) {
        frames[i] = stack->frames[i];
        Py_INCREF(frames[i].code);
    }
    return stack->depth;
}

static bool
is_idle(struct stack *stack)
{
    stack->idle_reads = stack->live == 0 ? stack->idle_reads + 1 : 0;
    return stack->idle_reads >= IDLE_READS;
}

struct stack *
stacks_detach_idle(void)
{
    struct stack *detached = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct stack *stack = by_number[i];
        if (is_idle(stack)) {
            unlink_from(stack);
            stack_bytes -= size_of(stack->depth);
            stack->next = detached;
            detached = stack;
        }
        else {
            by_number[kept++] = stack;
        }
    }
    count = kept;
    return detached;
}

struct stack *
stacks_detach_all(void)
{
    struct stack *detached = NULL;
    for (size_t i = 0; i < count; i++) {
        by_number[i]->next = detached;
        detached = by_number[i];
    }
    free(buckets);
    free(by_number);
    buckets = by_number = NULL;
    bucket_count = count = room = stack_bytes = 0;
    return detached;
}

void
stacks_release(struct stack *detached)
{
    while (detached != NULL) {
        struct stack *stack = detached;
        detached = stack->next;
        for (int i = 0; i < stack->depth; i++) {
            Py_DECREF(stack->frames[i].code);
        }
        free(stack);
    }
}

size_t
stacks_count(void)
{
    return count;
}

size_t
stacks_bytes(void)
{
    return stack_bytes + bucket_count * sizeof *buckets + room * sizeof *by_number;
}
