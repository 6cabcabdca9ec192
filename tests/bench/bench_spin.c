/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What this machine lets a sender reach: a loop that waits as the sender does, and does nothing but read the clock until a packet of
 * a capture is due.
 *
 *	bench_spin FILE SPEED CPU	prints its errors, and the share of the time awake in which it did not run
 */
#include <jansson.h>
#include <stdio.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"
#include "replay/histogram.h"
#include "replay/sender.h"

#define AWAY_NS 200u /* a turn takes some 30 ns; longer, and something else ran */

struct loop {
	struct vega_sender sender;
	struct vega_histogram error;
	uint64_t awake_ns;
	uint64_t away_ns;
};

/* The first reading of the clock that is not before due_ns is a packet's departure. */
static void
wait_until(struct loop *loop, uint64_t due_ns)
{
	uint64_t last_ns = vega_monotonic_ns();
	uint64_t now_ns;

	if (due_ns > last_ns)
		(void)vega_sender_wait(&loop->sender, due_ns - last_ns);
	last_ns = vega_monotonic_ns();
	loop->awake_ns -= last_ns;
	do {
		now_ns = vega_monotonic_ns();
		if (now_ns - last_ns > AWAY_NS)
			loop->away_ns += now_ns - last_ns;
		last_ns = now_ns;
		(void)vega_sender_step(&loop->sender, 0);
	} while (now_ns < due_ns);
	loop->awake_ns += now_ns;
	vega_histogram_add(&loop->error, now_ns - due_ns);
}

static void
wait_for_all(struct loop *loop, struct vega_pcapfile *file, uint64_t speed)
{
	const uint64_t begin_ns = vega_monotonic_ns();
	struct vega_pcapfile_packet packet;
	uint64_t first_ns = 0;
	uint64_t due_ns = begin_ns;

	while (vega_pcapfile_next(file, &packet) == 1) {
		first_ns = first_ns == 0 ? packet.recv_ns : first_ns;
		if (packet.recv_ns > first_ns &&
			begin_ns + (packet.recv_ns - first_ns) / speed > due_ns)
			due_ns = begin_ns + (packet.recv_ns - first_ns) / speed;
		wait_until(loop, due_ns);
	}
}

int
main(int argc, char **argv)
{
	static struct loop loop;
	struct vega_pcapfile *file;
	uint64_t speed, cpu;
	int rc;

	vega_cli_init("bench_spin");
	if (argc != 4 || vega_parse_u64("SPEED", argv[2], 1, 1000, &speed) != 0 ||
		vega_parse_u64("CPU", argv[3], 0, 1023, &cpu) != 0) {
		(void)fputs("usage: bench_spin FILE SPEED CPU\n", stderr);
		return EX_USAGE;
	}
	rc = vega_pcapfile_open(argv[1], &file);
	if (rc == 0)
		rc = vega_sender_prepare(&loop.sender, (int)cpu, true);
	if (rc != 0)
		return vega_err_exit("bench_spin", rc);
	vega_histogram_init(&loop.error);
	wait_for_all(&loop, file, speed);
	vega_pcapfile_close(file);
	return vega_cli_json(json_pack("{s:I, s:I, s:I, s:f}", "error_ns_p50",
		       (json_int_t)vega_histogram_quantile(&loop.error, 500), "error_ns_p99",
		       (json_int_t)vega_histogram_quantile(&loop.error, 990), "error_ns_max",
		       (json_int_t)loop.error.max, "lost_share",
		       (double)loop.away_ns / (double)loop.awake_ns)) == 0
		       ? EX_OK
		       : EX_IOERR;
}
