/* Memory of the child process. It must not call malloc: another thread of the parent may
 * have held malloc's lock at the moment of the copy. Everything comes from mmap(2), counts
 * against a budget, and ends with the process. */
#ifndef LEAKPROBE_HEAP_MEMORY_H
#define LEAKPROBE_HEAP_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* How the child ends; the parent reads it with wait4(2). */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_OUT_OF_BUDGET = 70,   /* the walk would take more than it may */
    EXIT_OUT_OF_MEMORY = 71,   /* mmap(2) refused */
    EXIT_WRITE_FAILED = 72,
    EXIT_TOO_LARGE = 73,       /* more than 2^32 nodes or edges */
};

/* Never returns. */
_Noreturn void give_up(enum exit_code code);

/* How many bytes may be mapped in all, from now on. */
void set_memory_budget(uint64_t bytes);
uint64_t mapped_bytes(void);

/* Zeroed memory; gives up where there is none. */
void *map_bytes(uint64_t bytes);
/* The same memory, larger; it may move (mremap(2)). What is new is zeroed. */
void *grow_bytes(void *memory, uint64_t old_bytes, uint64_t new_bytes);
void unmap_bytes(void *memory, uint64_t bytes);

#define map_array(type, count) ((type *)map_bytes((uint64_t)(count) * sizeof(type)))

#endif
