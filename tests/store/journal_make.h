/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_JOURNAL_MAKE_H
#define VEGA_TESTS_JOURNAL_MAKE_H
/*
 * Journal files made in memory, block by block, so that a test decides every byte: whole ones, torn ones, hostile ones.
 */
#include <stdbool.h>
#include <stdint.h>

#include "store/format.h"
#include "store/io.h"

struct jmake {
	uint8_t *bytes; /* 8-aligned */
	uint64_t len;
	uint64_t cap;
	struct vega_head head;
	struct vega_index_entry entries[4096];
	uint32_t entry_cnt;
	uint64_t frame_next;
	uint64_t block_next;
	uint64_t packets;
	uint64_t hole_cnt;
	uint64_t hole_bytes;
	uint64_t lost_port;          /* told by the block headers */
	bool without_isb;            /* as files were before there was one */
	struct vega_trailer trailer; /* its end_* may be set before jmake_seal fills the rest */
};

struct jframe {
	uint64_t recv_ns;
	uint32_t captured_bytes;
	uint32_t wire_bytes;
	uint32_t interface_id;
	uint32_t drop_cnt; /* 0: no option */
};

/* A head with two interfaces ("left", "right"), Ethernet; change `head` before the first block and call jmake_head again. */
void jmake_begin(
	struct jmake *m, const char *feed, uint32_t day, uint32_t file_number, uint64_t generation);
void jmake_head(struct jmake *m);
void jmake_free(struct jmake *m);

/* A data block of these frames. The bytes of frame n are jmake_byte(n, 0), jmake_byte(n, 1) ... */
void jmake_block(struct jmake *m, const struct jframe *frames, uint32_t frame_cnt);
uint8_t jmake_byte(uint64_t frame_number, uint32_t at);
/* The same with a payload as given, and the header changed by the caller's function before it is finished. */
void jmake_raw(struct jmake *m, const void *payload, uint32_t payload_bytes,
	void (*change)(struct vega_block_hdr *hdr), uint32_t packet_cnt);

/* An extent that is no block; no entry is made for it. */
void jmake_torn(struct jmake *m, uint64_t bytes);
/* The same, covered as recover covers it. */
void jmake_hole(struct jmake *m, uint64_t bytes);

/* Index, padding, statistics, trailer, state. */
void jmake_seal(struct jmake *m);

void jmake_save(const struct jmake *m, const char *path);
/* NAME.idx with the first entry_cnt entries. */
void jmake_save_idx(const struct jmake *m, const char *path, uint32_t entry_cnt);
void jmake_write(const char *path, const void *bytes, uint64_t len);

/* A group's setup and teardown: a fresh folder below the build's temporary directory, and I/O by pwrite. */
extern char *jmake_dir;
extern struct vega_io *jmake_io;
int jmake_setup(void **state);
int jmake_teardown(void **state);
/* mkdir -p; returns "<dir>/<rest>" in one of four static buffers. */
const char *jmake_path(const char *dir, const char *rest);

#endif
