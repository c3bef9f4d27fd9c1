/* The interpreter's allocators in the child. */
#ifndef LEAKPROBE_HEAP_INTERPRETER_MEMORY_H
#define LEAKPROBE_HEAP_INTERPRETER_MEMORY_H

/* From now on whatever the interpreter allocates comes from one block of the child's own. */
void replace_allocators(void);

#endif
