/* The result of a walk on its way into the memfd: sections as they come, strings at the end. */
#define _GNU_SOURCE
#include "output.h"

#include "memory.h"
#include "text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define FIRST_STRINGS 1024u
#define FIRST_BYTES (64u * 1024)

struct output {
    int descriptor;
    uint32_t *offsets;  /* where each string begins; one more: where the next one will */
    uint32_t strings, string_room;
    char *bytes;
    uint64_t byte_room;
    uint32_t *slots;    /* open addressing over twice `string_room`: number of a string plus one */
};

static void
write_all(int descriptor, const void *data, uint64_t bytes)
{
    const char *rest = data;
    while (bytes > 0) {
        /* write(2) transfers at most 0x7ffff000 bytes at once. */
        ssize_t written = write(descriptor, rest, bytes);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            give_up(EXIT_WRITE_FAILED);
        }
        rest += written;
        bytes -= (uint64_t)written;
    }
}

static void
write_header(struct output *output, enum section kind, uint32_t rows, uint64_t bytes)
{
    uint32_t start[2] = {kind, rows};
    write_all(output->descriptor, start, sizeof start);
    write_all(output->descriptor, &bytes, sizeof bytes);
}

static void
write_padding(struct output *output, uint64_t bytes)
{
    static const char zeros[8];
    write_all(output->descriptor, zeros, (8 - bytes % 8) % 8);
}

struct output *
open_output(int descriptor)
{
    struct output *output = map_array(struct output, 1);
    output->descriptor = descriptor;
    output->string_room = FIRST_STRINGS;
    output->byte_room = FIRST_BYTES;
    output->offsets = map_array(uint32_t, FIRST_STRINGS + 1);
    output->bytes = map_array(char, FIRST_BYTES);
    output->slots = map_array(uint32_t, 2 * FIRST_STRINGS);
    write_all(descriptor, "LPHEAP01", 8);
    return output;
}

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t
hash_bytes(const char *text, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    }
    return hash;
}

/* The slot that has this string, or the free one where it belongs. */
static uint32_t *
slot_of(struct output *output, const char *text, size_t length)
{
    uint32_t mask = 2 * output->string_room - 1, at = hash_bytes(text, length) & mask;
    for (; output->slots[at] != 0; at = (at + 1) & mask) {
        uint32_t start = output->offsets[output->slots[at] - 1];
        uint32_t end = output->offsets[output->slots[at]];
        if (end - start == length && memcmp(output->bytes + start, text, length) == 0) {
            break;
        }
    }
    return output->slots + at;
}

static void
double_string_room(struct output *output)
{
    uint64_t old_room = output->string_room, new_room = 2 * old_room;
    output->offsets = grow_bytes(output->offsets, (old_room + 1) * sizeof(uint32_t),
                                 (new_room + 1) * sizeof(uint32_t));
    unmap_bytes(output->slots, 2 * old_room * sizeof(uint32_t));
    output->slots = map_array(uint32_t, 2 * new_room);
    output->string_room = (uint32_t)new_room;
    for (uint32_t i = 0; i < output->strings; i++) {
        uint32_t start = output->offsets[i];
        *slot_of(output, output->bytes + start, output->offsets[i + 1] - start) = i + 1;
    }
}

uint32_t
add_string(struct output *output, const char *text, size_t length)
{
    uint32_t *slot = slot_of(output, text, length);
    if (*slot != 0) {
        return *slot - 1;
    }
    if (output->strings == output->string_room) {
        double_string_room(output);
        slot = slot_of(output, text, length);
    }
    uint32_t start = output->offsets[output->strings];
    if (length > UINT32_MAX / 2 - start) {
        give_up(EXIT_TOO_LARGE);
    }
    while (output->byte_room < start + length) {
        output->bytes = grow_bytes(output->bytes, output->byte_room, 2 * output->byte_room);
        output->byte_room *= 2;
    }
    memcpy(output->bytes + start, text, length);
    output->strings++;
    output->offsets[output->strings] = start + (uint32_t)length;
    *slot = output->strings;
    return output->strings - 1;
}

uint32_t
add_text(struct output *output, const char *text)
{
    return add_string(output, text, strlen(text));
}

uint32_t
add_unicode(struct output *output, PyObject *text, size_t longest)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    Py_ssize_t length = text_length(text);
    if (length < 0) {
        return NO_STRING;
    }
    uint64_t shown = (size_t)length < longest ? (size_t)length : longest;
    uint64_t room = shown * LONGEST_CHARACTER + sizeof ellipsis;
    char *buffer = map_array(char, room);
    size_t used = put_text(buffer, text, 0, (Py_ssize_t)shown);
    if ((size_t)length > longest) {
        memcpy(buffer + used, ellipsis, sizeof ellipsis - 1);
        used += sizeof ellipsis - 1;
    }
    uint32_t number = add_string(output, buffer, used);
    unmap_bytes(buffer, room);
    return number;
}

const char *
string_at(const struct output *output, uint32_t number, size_t *length)
{
    *length = output->offsets[number + 1] - output->offsets[number];
    return output->bytes + output->offsets[number];
}

void
write_section(struct output *output, enum section kind, uint32_t rows, const void *payload,
              uint64_t bytes)
{
    write_header(output, kind, rows, bytes);
    write_all(output->descriptor, payload, bytes);
    write_padding(output, bytes);
}

void
close_output(struct output *output)
{
    uint64_t offset_bytes = (uint64_t)(output->strings + 1) * sizeof(uint32_t);
    uint64_t text_bytes = output->offsets[output->strings];
    write_header(output, SECTION_STRINGS, output->strings, offset_bytes + text_bytes);
    write_all(output->descriptor, output->offsets, offset_bytes);
    write_all(output->descriptor, output->bytes, text_bytes);
    write_padding(output, offset_bytes + text_bytes);
    write_section(output, SECTION_END, 0, NULL, 0);
}
