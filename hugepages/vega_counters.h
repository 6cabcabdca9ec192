/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_COUNTERS_H
#define VEGA_COUNTERS_H
/*
 * Every counter of a region, once: name (unit last), and what it says. The lists make the shared-memory cells, the
 * output of `vega-bus stat` and docs/COUNTERS.md.
 *
 * Each group has one writer. Ledgers, checked at exit and in every end-to-end test:
 *	packets_received  = packets_published + every drop_*          (drops of rx, lcore and port groups)
 *	packets_published = packets_framed + every lost_*
 *
 * rx counts a frame as framed when it is laid; the sums of hugepages/stat.h take those that the drain lost to storage
 * (lost_disk) off again.
 *
 * This header is installed: plain C, and C++.
 */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* By feed; written by the rx lcore that owns the feed's lanes. */
#define VEGA_RX_COUNTERS(X)                                                             \
	X(packets_published, "packets accepted for this feed")                          \
	X(bytes_published, "captured bytes of those")                                   \
	X(packets_framed, "frames laid into the frame lane")                            \
	X(lost_lane_full, "published, but no free block for the frame")                 \
	X(lost_oversize, "published, but the frame is above 262144 bytes")              \
	X(drop_lane_full, "frames-only feed: no free block, the packet is dropped")     \
	X(drop_oversize, "frames-only feed: above 262144 bytes, the packet is dropped") \
	X(packets_line_a, "packets claimed on line A, dropped ones too")                \
	X(packets_line_b, "packets claimed on line B, dropped ones too")                \
	X(packets_cut, "frames with fewer bytes captured than were on the wire")        \
	X(blocks_sealed, "blocks handed to the drain")                                  \
	X(seal_ns_last, "receive time of the last packet of the last sealed block, ns")

/*
 * By channel of a feed (a sequence of an exchange, over both its lines); written by the feed's rx lcore. Beside them the lead: how
 * long before the other line's copy the first one came, a histogram for each line that was first: bucket b counts leads of
 * [2^(b-1), 2^b) ns, bucket 0 those of 0 ns, the last one all longer.
 */
#define VEGA_CHANNEL_COUNTERS(X)                                                               \
	X(packets, "datagrams")                                                                \
	X(messages, "messages decoded, heartbeats not counted")                                \
	X(records, "records laid")                                                             \
	X(duplicates, "datagrams whose sequences were all here already")                       \
	X(heartbeats, "datagrams without a message")                                           \
	X(malformed, "datagrams that are not, or not to their end, of the format")             \
	X(odd, "messages of an unknown type, or shorter than their documents say")             \
	X(gaps, "gaps opened")                                                                 \
	X(gap_seqs, "sequences missing when their gap was opened")                             \
	X(filled_seqs, "of those, brought by the other line in time")                          \
	X(recovered_seqs, "of those, brought late: out of order, or after the hold")           \
	X(lost_seqs,                                                                           \
		"of those, lost after the hold or at the end; recovered ones taken off again") \
	X(old_space, "datagrams of a sequence space that the other line has left already")     \
	X(restarts, "sequence spaces begun after the first")                                   \
	X(seq_last, "highest sequence delivered")
#define VEGA_LEAD_BUCKET_CNT 40u

/* By feed; written by the drain. durable_* is the acknowledged position: what a crash cannot take. */
#define VEGA_DRAIN_COUNTERS(X)                                                                   \
	X(blocks_written, "blocks whose write is complete")                                      \
	X(frames_written, "frames in those")                                                     \
	X(bytes_written, "bytes of the journal files written, headers and padding included")     \
	X(lost_disk, "frames lost because storage failed or was full")                           \
	X(write_errors, "writes, syncs and creations that failed")                               \
	X(files_opened, "journal files begun")                                                   \
	X(files_sealed, "journal files sealed")                                                  \
	X(durable_blocks, "blocks acknowledged as durable")                                      \
	X(durable_frames, "frames acknowledged as durable")                                      \
	X(durable_bytes, "bytes acknowledged as durable")                                        \
	X(durable_ns, "largest receive time acknowledged as durable, ns")                        \
	X(block_number_next, "blocks taken from the lane")                                       \
	X(lag_blocks_max, "most blocks the drain was behind rx")                                 \
	X(records_drained, "position in the record lane up to which the drain has copied")       \
	X(records_settled, "position before which each record is in the journal, or lost to it") \
	X(records_written, "records in blocks whose write is complete")                          \
	X(records_lapped,                                                                        \
		"records overwritten before the drain took them; the journal has a LOSS record") \
	X(records_lost, "records lost because storage failed or was full")                       \
	X(durable_records, "records acknowledged as durable")                                    \
	X(record_lag_max, "most records the drain was behind the lane")                          \
	X(book_drained, "position in the book lane up to which the drain has copied")            \
	X(book_settled, "position before which each record of it is in the journal, or lost")    \
	X(book_written, "its records in blocks whose write is complete")                         \
	X(book_lapped, "its records overwritten before the drain took them")                     \
	X(book_lost, "its records lost because storage failed or was full")                      \
	X(durable_book, "its records acknowledged as durable")                                   \
	X(book_lag_max, "most of its records the drain was behind")

/* By rx lcore; written by it. */
#define VEGA_LCORE_COUNTERS(X)                                                                  \
	X(polls, "poll rounds")                                                                 \
	X(polls_empty, "poll rounds that found no packet")                                      \
	X(packets_polled, "packets taken from the sources")                                     \
	X(bytes_polled, "captured bytes of those")                                              \
	X(misrouted,                                                                            \
		"packets of a feed that another lcore owns; they went to this lcore's default") \
	X(source_waits, "times a file source waited for a free block")                          \
	X(poll_ns_max, "longest poll round, ns")                                                \
	X(clock_steps, "backward steps of the clock")

/* By port or file; written by the control thread from the port's own statistics. */
#define VEGA_PORT_COUNTERS(X)                                      \
	X(drop_missed, "imissed: the port had no free descriptor") \
	X(drop_errors, "ierrors: frames the port found damaged")   \
	X(drop_nombuf, "rx_nombuf: no buffer in the pool")         \
	X(loss_observable, "1 when the port reports its own loss, 0 when it cannot")

#define VEGA_CELL(name, doc) uint64_t name;
struct vega_rx_cells {
	VEGA_RX_COUNTERS(VEGA_CELL)
	uint64_t spare[52];
};
struct vega_channel_cells {
	VEGA_CHANNEL_COUNTERS(VEGA_CELL)
	uint64_t lead_ns_log2[2][VEGA_LEAD_BUCKET_CNT]; /* first by line A, by line B */
	uint64_t spare[27];
	uint64_t in_use; /* 0: this row says nothing */
	uint32_t feed_id;
	uint32_t stream; /* the number its records carry */
	uint32_t wire;   /* stream on the wire */
	uint32_t reserved;
	char format[24];
};
struct vega_drain_cells {
	VEGA_DRAIN_COUNTERS(VEGA_CELL)
	uint64_t spare[37];
};
struct vega_lcore_cells {
	VEGA_LCORE_COUNTERS(VEGA_CELL)
	uint64_t spare[24];
};
struct vega_port_cells {
	VEGA_PORT_COUNTERS(VEGA_CELL)
	uint64_t spare[20];
	char name[64];
};
#undef VEGA_CELL

#ifdef __cplusplus
}
#endif
#endif
