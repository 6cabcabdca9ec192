/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pcap files written byte by byte here, read back through libpcap: times at their limits, every cut, hostile bytes; and the
 * writer, read back the same way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hugepages/base/err.h"
#include "hugepages/base/linktype.h"
#include "hugepages/base/pcapfile.h"
#include "hugepages/base/pcapout.h"

#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du

/* A file in the making, in either byte order. */
struct maker {
	uint8_t bytes[4096];
	size_t at;
	bool big;
};

static char dir[] = "/tmp/vega-pcapfile-XXXXXX";
static char path[64];

static void
put(struct maker *m, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		m->bytes[m->at + (m->big ? bytes - 1 - i : i)] = (uint8_t)(value >> 8 * i);
	m->at += bytes;
}

static void
put_classic_head(struct maker *m, uint32_t magic, uint32_t linktype)
{
	put(m, magic, 4);
	put(m, 2, 2);
	put(m, 4, 2);
	put(m, 0, 8);
	put(m, 65535, 4);
	put(m, linktype, 4);
}

static void
put_classic(struct maker *m, uint32_t seconds, uint32_t fraction, uint32_t captured, uint32_t wire)
{
	put(m, seconds, 4);
	put(m, fraction, 4);
	put(m, captured, 4);
	put(m, wire, 4);
	for (uint32_t i = 0; i < captured; i++)
		put(m, i, 1);
}

/* Section header, and an interface with a time resolution of 10^-resolution s. */
static void
put_pcapng_head(struct maker *m, uint8_t resolution)
{
	put(m, 0x0a0d0d0a, 4);
	put(m, 28, 4);
	put(m, 0x1a2b3c4d, 4);
	put(m, 1, 2);
	put(m, 0, 2);
	put(m, UINT64_MAX, 8);
	put(m, 28, 4);
	put(m, 1, 4);
	put(m, 32, 4);
	put(m, 1, 2);
	put(m, 0, 2);
	put(m, 0, 4);
	put(m, 9, 2);
	put(m, 1, 2);
	put(m, resolution, 1);
	put(m, 0, 3);
	put(m, 0, 4);
	put(m, 32, 4);
}

static void
put_epb(struct maker *m, uint64_t time, uint32_t captured, uint32_t wire)
{
	const uint32_t padded = (captured + 3) & ~3u;

	put(m, 6, 4);
	put(m, 32 + padded, 4);
	put(m, 0, 4);
	put(m, time >> 32, 4);
	put(m, time & UINT32_MAX, 4);
	put(m, captured, 4);
	put(m, wire, 4);
	for (uint32_t i = 0; i < padded; i++)
		put(m, i < captured ? i : 0, 1);
	put(m, 32 + padded, 4);
}

static void
save(const struct maker *m, size_t bytes)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(m->bytes, 1, bytes, f), bytes);
	assert_int_equal(fclose(f), 0);
}

static struct vega_pcapfile *
open_saved(const struct maker *m)
{
	struct vega_pcapfile *file;

	save(m, m->at);
	assert_int_equal(vega_pcapfile_open(path, &file), 0);
	return file;
}

static void
assert_next(struct vega_pcapfile *file, uint64_t ns, uint32_t captured, uint32_t wire)
{
	struct vega_pcapfile_packet p;

	assert_int_equal(vega_pcapfile_next(file, &p), 1);
	assert_int_equal(p.recv_ns, ns);
	assert_int_equal(p.captured_bytes, captured);
	assert_int_equal(p.wire_bytes, wire);
	for (uint32_t i = 0; i < captured; i++)
		assert_int_equal(p.data[i], i & 0xff);
}

static void
assert_end(struct vega_pcapfile *file)
{
	struct vega_pcapfile_packet p;

	assert_int_equal(vega_pcapfile_next(file, &p), 0);
	assert_int_equal(vega_pcapfile_next(file, &p), 0);
	vega_pcapfile_close(file);
}

static void
test_linktypes_are_libpcaps(void **state)
{
	(void)state;
	for (int dlt = 0; dlt < 400; dlt++) {
		uint8_t header[64] = {0};
		pcap_t *pcap = pcap_open_dead(dlt, 65535);
		FILE *f = fmemopen(header, sizeof(header), "w");
		pcap_dumper_t *dumper = pcap_dump_fopen(pcap, f);
		uint32_t linktype;

		if (dumper == NULL) {
			(void)fclose(f);
		} else {
			assert_int_equal(pcap_dump_flush(dumper), 0);
			memcpy(&linktype, header + 20, 4);
			assert_int_equal(vega_linktype_of_dlt(dlt), linktype);
			assert_int_equal(
				vega_linktype_of_dlt(vega_linktype_to_dlt(linktype)), linktype);
			pcap_dump_close(dumper);
		}
		pcap_close(pcap);
	}
}

static void
test_classic_times(void **state)
{
	(void)state;
	for (unsigned variant = 0; variant < 4; variant++) {
		const bool ns = variant & 1;
		const uint64_t unit = ns ? 1 : 1000;
		struct maker m = {.big = variant & 2};
		struct vega_pcapfile *file;

		put_classic_head(&m, ns ? MAGIC_NS : MAGIC_US, 1);
		put_classic(&m, 0, 0, 4, 4);
		put_classic(&m, 0x80000000u, 999999, 5, 1500);
		put_classic(&m, UINT32_MAX, UINT32_MAX, 6, 6);
		put_classic(
			&m, 1, 0x80000000u, 7, 3); /* the wire length below the captured is kept */
		put_classic(&m, 1, ns ? 1000000001 : 1000001, 0, 0);
		file = open_saved(&m);
		assert_next(file, 0, 4, 4);
		assert_next(file, 0x80000000ull * 1000000000 + 999999 * unit, 5, 1500);
		assert_next(file, (uint64_t)UINT32_MAX * 1000000000 + UINT32_MAX * unit, 6, 6);
		assert_next(file, 1000000000 + 0x80000000ull * unit, 7, 3);
		assert_next(file, 2000000000 + unit, 0, 0);
		assert_int_equal(vega_pcapfile_packet_cnt(file), 5);
		assert_end(file);
	}
}

static void
test_pcapng_times(void **state)
{
	struct vega_pcapfile_packet p;

	(void)state;
	for (unsigned big = 0; big < 2; big++) {
		struct maker m = {.big = big};
		struct vega_pcapfile *file;

		put_pcapng_head(&m, 9);
		put_epb(&m, UINT64_MAX - 1, 3, 3);
		put_epb(&m, 1, 8, 9000);
		put_epb(&m, UINT64_MAX, 3, 3); /* no interval holds it */
		file = open_saved(&m);
		assert_next(file, UINT64_MAX - 1, 3, 3);
		assert_next(file, 1, 8, 9000);
		assert_int_equal(vega_pcapfile_next(file, &p), -EBADMSG);
		assert_non_null(strstr(vega_err_text(), "packet 3"));
		vega_pcapfile_close(file);

		m = (struct maker){.big = big};
		put_pcapng_head(&m, 6);
		put_epb(&m, UINT64_MAX / 1000, 3, 3);
		put_epb(&m, UINT64_MAX / 1000 + 1, 3, 3);
		put_epb(&m, 1, 3, 3);
		file = open_saved(&m);
		assert_next(file, UINT64_MAX / 1000 * 1000, 3, 3);
		assert_int_equal(vega_pcapfile_next(file, &p), -EBADMSG);
		assert_int_equal(vega_err_status(), EX_DATAERR);
		assert_non_null(strstr(vega_err_text(), "packet 2"));
		assert_int_equal(vega_pcapfile_next(file, &p), -EBADMSG); /* and stays */
		vega_pcapfile_close(file);
	}
}

/* Cut behind every byte: the whole packets before the cut, then damage, or the end where the cut is between two. */
static void
check_cuts(const struct maker *m, size_t head_bytes, const size_t *ends, unsigned packet_cnt)
{
	for (size_t bytes = 0; bytes < m->at; bytes++) {
		struct vega_pcapfile *file;
		struct vega_pcapfile_packet p;
		unsigned whole = 0;
		int rc;

		save(m, bytes);
		rc = vega_pcapfile_open(path, &file);
		if (bytes < head_bytes) {
			assert_int_equal(rc, -EBADMSG);
			continue;
		}
		assert_int_equal(rc, 0);
		while (whole < packet_cnt && ends[whole] <= bytes)
			whole++;
		for (unsigned i = 0; i < whole; i++)
			assert_int_equal(vega_pcapfile_next(file, &p), 1);
		rc = bytes == (whole == 0 ? head_bytes : ends[whole - 1]) ? 0 : -EBADMSG;
		assert_int_equal(vega_pcapfile_next(file, &p), rc);
		assert_int_equal(vega_pcapfile_packet_cnt(file), whole);
		vega_pcapfile_close(file);
	}
}

static void
test_every_cut(void **state)
{
	struct maker m = {0};
	size_t ends[3];

	(void)state;
	put_classic_head(&m, MAGIC_NS, 1);
	for (uint32_t i = 0; i < 3; i++) {
		put_classic(&m, i, 0, 10 + i, 10);
		ends[i] = m.at;
	}
	check_cuts(&m, 24, ends, 3);
	m = (struct maker){0};
	put_pcapng_head(&m, 9);
	for (uint32_t i = 0; i < 3; i++) {
		put_epb(&m, i, 10 + i, 10);
		ends[i] = m.at;
	}
	check_cuts(&m, 60, ends, 3);
}

/* Whatever the bytes say: packets or an error, never a crash (the sanitizers look on). */
static void
test_hostile_bytes(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15ull;
	uint64_t byte_sum = 0;

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		struct maker m = {.big = round & 1};
		struct vega_pcapfile *file;
		struct vega_pcapfile_packet p;

		if (round & 2)
			put_pcapng_head(&m, 6);
		else
			put_classic_head(&m, MAGIC_US, 1);
		for (uint32_t i = 0; i < 4; i++)
			(round & 2) ? put_epb(&m, i, 20, 20) : put_classic(&m, i, i, 20, 20);
		for (unsigned i = 0; i < 4; i++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			m.bytes[(seed >> 33) % m.at] = (uint8_t)(seed >> 24);
		}
		save(&m, m.at);
		if (vega_pcapfile_open(path, &file) != 0)
			continue;
		while (vega_pcapfile_next(file, &p) > 0) {
			/* No packet is longer than its file, and the sanitizers see each byte read. */
			assert_in_range(p.captured_bytes, 0, m.at);
			for (uint32_t i = 0; i < p.captured_bytes; i++)
				byte_sum += p.data[i];
		}
		vega_pcapfile_close(file);
	}
	assert_true(byte_sum != 0);
}

static void
assert_refused(const char *name, int rc, int status, const char *word)
{
	struct vega_pcapfile *file;

	assert_int_equal(vega_pcapfile_open(name, &file), rc);
	assert_int_equal(vega_err_status(), status);
	assert_non_null(strstr(vega_err_text(), name));
	assert_non_null(strstr(vega_err_text(), word));
	assert_null(strchr(vega_err_text(), '\n'));
}

static void
test_refusals(void **state)
{
	struct maker m = {0};

	(void)state;
	assert_refused("/nonexistent/x.pcap", -ENOENT, EX_NOINPUT, "found none");
	assert_refused(dir, -EISDIR, EX_NOINPUT, "directory");
	save(&m, 0);
	assert_refused(path, -EBADMSG, EX_DATAERR, "empty");
	memcpy(m.bytes, "ELF and more than twenty-four bytes of it", 41);
	save(&m, 41);
	assert_refused(path, -EBADMSG, EX_DATAERR, "unknown file format");
	if (geteuid() == 0)
		return;
	assert_int_equal(chmod(path, 0), 0);
	assert_refused(path, -EACCES, EX_NOPERM, "permission");
	assert_int_equal(chmod(path, 0600), 0);
}

static void
test_writer_round_trip(void **state)
{
	static const uint64_t times[] = {
		0, 1, 999999999, 1795000000123456789ull, 4294967295999999999ull};
	static const uint8_t data[4] = {0, 1, 2, 3};
	struct vega_pcapfile *file;
	struct vega_pcapout *out;

	(void)state;
	assert_int_equal(vega_pcapout_open(path, 101, &out), 0);
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(times); i++)
		assert_int_equal(vega_pcapout_put(out, data, i & 3, i * 1000, times[i]), 0);
	assert_int_equal(vega_pcapout_put(out, data, 4, 4, 4294967296000000000ull), -EBADMSG);
	assert_non_null(strstr(vega_err_text(), "pcapng"));
	assert_int_equal(vega_pcapout_close(out), 0);

	assert_int_equal(vega_pcapfile_open(path, &file), 0);
	assert_int_equal(vega_pcapfile_linktype(file), 101);
	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(times); i++)
		assert_next(file, times[i], i & 3, i * 1000);
	assert_end(file);
}

static void
test_writer_refusals(void **state)
{
	struct maker m = {.bytes = "kept"};
	struct vega_pcapout *out;
	struct stat st;

	(void)state;
	save(&m, 4);
	assert_int_equal(vega_pcapout_open(path, 399, &out), -EBADMSG);
	assert_non_null(strstr(vega_err_text(), "use pcapng"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(vega_pcapout_open("/nonexistent/x.pcap", 1, &out), -ENOENT);
	assert_int_equal(vega_err_status(), EX_CANTCREAT);
}

/* A full device is told, at the latest by close. */
static void
test_writer_full_disk(void **state)
{
	static const uint8_t data[1000];
	struct vega_pcapout *out;
	int rc = 0;

	(void)state;
	if (access("/dev/full", W_OK) != 0)
		skip();
	assert_int_equal(vega_pcapout_open("/dev/full", 1, &out), 0);
	for (unsigned i = 0; i < 3000 && rc == 0; i++)
		rc = vega_pcapout_put(out, data, sizeof(data), sizeof(data), i);
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(vega_pcapout_close(out), -ENOSPC);
	assert_int_equal(vega_pcapout_open("/dev/full", 1, &out), 0);
	assert_int_equal(vega_pcapout_put(out, data, sizeof(data), sizeof(data), 0), 0);
	assert_int_equal(vega_pcapout_close(out), -ENOSPC);
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/t.pcap", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linktypes_are_libpcaps),
		cmocka_unit_test(test_classic_times),
		cmocka_unit_test(test_pcapng_times),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_hostile_bytes),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_writer_round_trip),
		cmocka_unit_test(test_writer_refusals),
		cmocka_unit_test(test_writer_full_disk),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
