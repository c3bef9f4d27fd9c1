/* Objects by type: numbers for types in the order in which they are met, and the tallies. */
#define _GNU_SOURCE
#include "types.h"

#include "memory.h"
#include "names.h"
#include "output.h"
#include "sizes.h"

#include <setjmp.h>
#include <signal.h>

#define FIRST_TYPES 1024u

enum type_flag { FLAG_PLAIN_CONTAINER = 1, FLAG_PLUMBING = 2, FLAG_FINALIZER = 4 };

/* The table from classes to their numbers: open addressing, twice as many slots as there is room
 * for types. A slot has the number plus one. */
struct numbering {
    struct types *types;
    struct sizer *sizers;  /* by number */
    struct output *output;
    uint32_t *slots;
    uint32_t room;
};

static uint32_t *
slot_of(const struct numbering *numbering, PyTypeObject *type)
{
    uint32_t mask = 2 * numbering->room - 1;
    uint32_t at = (uint32_t)(((uintptr_t)type >> 4) * 0x9E3779B97F4A7C15u >> 32) & mask;
    while (numbering->slots[at] != 0
           && numbering->types->tallies[numbering->slots[at] - 1].type != type) {
        at = (at + 1) & mask;
    }
    return numbering->slots + at;
}

static void
double_room(struct numbering *numbering)
{
    struct types *types = numbering->types;
    uint64_t old_room = numbering->room, new_room = 2 * old_room;
    types->tallies = grow_bytes(types->tallies, old_room * sizeof *types->tallies,
                                new_room * sizeof *types->tallies);
    numbering->sizers = grow_bytes(numbering->sizers, old_room * sizeof *numbering->sizers,
                                   new_room * sizeof *numbering->sizers);
    unmap_bytes(numbering->slots, 2 * old_room * sizeof *numbering->slots);
    numbering->slots = map_array(uint32_t, 2 * new_room);
    numbering->room = (uint32_t)new_room;
    for (uint32_t i = 0; i < types->count; i++) {
        *slot_of(numbering, types->tallies[i].type) = i + 1;
    }
}

static uint32_t
number_of(struct numbering *numbering, PyTypeObject *type)
{
    uint32_t *slot = slot_of(numbering, type);
    if (*slot != 0) {
        return *slot - 1;
    }
    struct types *types = numbering->types;
    if (types->count == numbering->room) {
        double_room(numbering);
        slot = slot_of(numbering, type);
    }
    uint32_t number = types->count++;
    types->tallies[number].type = type;
    types->tallies[number].name = add_type_name(numbering->output, type);
    numbering->sizers[number] = sizer_of(type);
    *slot = types->count;
    return number;
}

static void
tally(struct type_tally *tally, enum node_state state, uint64_t bytes)
{
    if (state == STATE_OWN) {
        return;
    }
    tally->objects++;
    tally->bytes += bytes;
    if (state == STATE_GARBAGE) {
        tally->garbage_objects++;
        tally->garbage_bytes += bytes;
    }
    else if (state == STATE_C_HELD) {
        tally->c_held_objects++;
        tally->c_held_bytes += bytes;
    }
}

static void
number_nodes(struct numbering *numbering, const struct graph *graph)
{
    uint32_t *of_node = numbering->types->of_node;
    for (uint32_t node = 0; node < graph->virtual_count; node++) {
        of_node[node] = NO_TYPE;
    }
    for (uint32_t node = graph->virtual_count; node < graph->nodes; node++) {
        of_node[node] = number_of(numbering, Py_TYPE(graph->objects[node]));
    }
}

/* Where to go on when a `__sizeof__` has crashed. */
static sigjmp_buf after_crash;

static void
leave_crash(int Py_UNUSED(number))
{
    siglongjmp(after_crash, 1);
}

/* A `__sizeof__` may crash on an object that was made and not initialized (struct.Struct on 3.11):
 * what nobody has asked it for, nobody has met. Its type is then sized without it. */
static void
measure_nodes(struct numbering *numbering, const struct graph *graph)
{
    struct types *types = numbering->types;
    struct sigaction leave = {.sa_handler = leave_crash}, before;
    volatile uint32_t next = graph->virtual_count;
    (void)sigaction(SIGSEGV, &leave, &before);
    if (sigsetjmp(after_crash, 1) != 0) {
        numbering->sizers[types->of_node[next]].method = NULL;
    }
    for (; next < graph->nodes; next++) {
        const struct sizer *sizer = &numbering->sizers[types->of_node[next]];
        types->bytes_of_node[next] = size_with(sizer, graph->objects[next]);
    }
    (void)sigaction(SIGSEGV, &before, NULL);
}

void
count_types(const struct graph *graph, const struct reach *reach, struct types *types,
            struct output *output)
{
    struct numbering numbering = {.types = types, .output = output, .room = FIRST_TYPES,
                                  .sizers = map_array(struct sizer, FIRST_TYPES),
                                  .slots = map_array(uint32_t, 2 * FIRST_TYPES)};
    types->tallies = map_array(struct type_tally, FIRST_TYPES);
    types->of_node = map_array(uint32_t, graph->nodes);
    types->bytes_of_node = map_array(uint64_t, graph->nodes);
    number_nodes(&numbering, graph);
    measure_nodes(&numbering, graph);
    for (uint32_t node = graph->virtual_count; node < graph->nodes; node++) {
        tally(&types->tallies[types->of_node[node]], reach->state[node],
              types->bytes_of_node[node]);
    }
    unmap_bytes(numbering.slots, 2 * (uint64_t)numbering.room * sizeof *numbering.slots);
    unmap_bytes(numbering.sizers, (uint64_t)numbering.room * sizeof *numbering.sizers);
}

/* A row of TYPES as output.h describes it. */
struct type_row {
    uint32_t name, flags;
    uint64_t objects, bytes, owned_bytes, retained_bytes;
    uint64_t garbage_objects, garbage_bytes, c_held_objects, c_held_bytes;
};

/* Whether a class, or one that it inherits from, is written in Python and has a `__del__`. */
static int
has_finalizer(PyTypeObject *type)
{
    PyObject *bases = type->tp_mro;
    for (Py_ssize_t i = 0; bases != NULL && i < PyTuple_GET_SIZE(bases); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(bases, i);
        if (PyType_Check(base) && PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE)
            && entry_by_text(base->tp_dict, "__del__") != NULL) {
            return 1;
        }
    }
    return 0;
}

static struct type_row
row_of(const struct type_tally *tally)
{
    uint32_t flags = (is_plain_container(tally->type) ? FLAG_PLAIN_CONTAINER : 0)
                     | (is_plumbing(tally->type) ? FLAG_PLUMBING : 0)
                     | (tally->garbage_objects && has_finalizer(tally->type) ? FLAG_FINALIZER : 0);
    return (struct type_row){
        .name = tally->name,
        .flags = flags,
        .objects = tally->objects,
        .bytes = tally->bytes,
        .owned_bytes = tally->owned_bytes,
        .retained_bytes = tally->retained_bytes,
        .garbage_objects = tally->garbage_objects,
        .garbage_bytes = tally->garbage_bytes,
        .c_held_objects = tally->c_held_objects,
        .c_held_bytes = tally->c_held_bytes,
    };
}

void
write_types(const struct types *types, struct output *output)
{
    struct type_row *rows = map_array(struct type_row, types->count);
    for (uint32_t i = 0; i < types->count; i++) {
        rows[i] = row_of(&types->tallies[i]);
    }
    write_section(output, SECTION_TYPES, types->count, rows,
                  (uint64_t)types->count * sizeof *rows);
    unmap_bytes(rows, (uint64_t)types->count * sizeof *rows);
}
