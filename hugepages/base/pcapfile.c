/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/base/pcapfile.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/err.h"
#include "hugepages/base/linktype.h"

#define BUFFER_BYTES (1u << 20)
#define NS_A_S       1000000000ll
#define STOP_POLL_MS 100

/* What the first four bytes say; libpcap knows it too but does not tell. */
enum container {
	CLASSIC_US,
	CLASSIC_NS,
	PCAPNG
};

struct vega_pcapfile {
	pcap_t *pcap;
	const char *name; /* the path, or "standard input" */
	char *path;
	enum container container;
	uint32_t linktype;
	uint64_t packet_cnt;
	struct vega_err end; /* rc 0 and no text: still reading */
	bool ended;
	int read_errno;
	const uint64_t *stop; /* NULL: a read waits as long as it takes */
	bool stopped;
	int fd;
	uint32_t head_at; /* bytes of head that libpcap has got */
	uint32_t head_bytes;
	uint8_t head[4];
};

/* Wait for a pipe's next bytes. Returns false when the reader was stopped instead. */
static bool
wait_readable(struct vega_pcapfile *file)
{
	struct pollfd fd = {.fd = file->fd, .events = POLLIN};

	if (file->stop == NULL)
		return true;
	do
		file->stopped = vega_load_relaxed(file->stop) != 0;
	while (!file->stopped && poll(&fd, 1, STOP_POLL_MS) == 0);
	return !file->stopped;
}

/* libpcap reads through this: first the bytes already looked at (a pipe cannot be rewound), then the file. */
static ssize_t
cookie_read(void *cookie, char *buf, size_t bytes)
{
	struct vega_pcapfile *file = cookie;
	ssize_t got;

	if (file->head_at < file->head_bytes) {
		size_t left = file->head_bytes - file->head_at;

		got = (ssize_t)(bytes < left ? bytes : left);
		memcpy(buf, file->head + file->head_at, (size_t)got);
		file->head_at += (uint32_t)got;
		return got;
	}
	if (!wait_readable(file))
		return 0;
	do
		got = read(file->fd, buf, bytes);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		file->read_errno = errno;
	return got;
}

/* Read the magic number's four bytes; fewer in a shorter file. Returns 0 or a negative errno. */
static int
read_head(struct vega_pcapfile *file)
{
	while (file->head_bytes < sizeof(file->head)) {
		ssize_t got = read(file->fd, file->head + file->head_bytes,
			sizeof(file->head) - file->head_bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EISDIR)
			return VEGA_ERR_EX(-EISDIR, EX_NOINPUT,
				"%s: need a pcap or pcapng file, found a directory; name its files",
				file->name);
		if (got < 0)
			return VEGA_ERR(-EIO, "%s: need to read it, found: %s", file->name,
				strerror(errno));
		if (got == 0)
			break;
		file->head_bytes += (uint32_t)got;
	}
	if (file->head_bytes == 0)
		return VEGA_ERR(-EBADMSG, "%s: need a pcap or pcapng capture, found an empty file",
			file->name);
	return 0;
}

static enum container
container_of_head(const uint8_t head[4])
{
	static const uint8_t pcapng[4] = {0x0a, 0x0d, 0x0d, 0x0a};
	static const uint8_t ns_big[4] = {0xa1, 0xb2, 0x3c, 0x4d};
	static const uint8_t ns_little[4] = {0x4d, 0x3c, 0xb2, 0xa1};

	if (memcmp(head, pcapng, 4) == 0)
		return PCAPNG;
	if (memcmp(head, ns_big, 4) == 0 || memcmp(head, ns_little, 4) == 0)
		return CLASSIC_NS;
	return CLASSIC_US; /* and its relatives that libpcap reads */
}

static int
open_fd(struct vega_pcapfile *file, const char *path)
{
	if (strcmp(path, "-") == 0) {
		file->name = "standard input";
		file->fd = dup(STDIN_FILENO);
	} else {
		file->fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (file->fd >= 0)
		return 0;
	if (errno == ENOENT || errno == ENOTDIR)
		return VEGA_ERR(-ENOENT,
			"%s: need a pcap or pcapng file, found none; check the path", path);
	if (errno == EACCES || errno == EPERM)
		return VEGA_ERR(-EACCES,
			"%s: need permission to read it, found: %s; check owner and mode", path,
			strerror(errno));
	return VEGA_ERR(-errno, "%s: need to open it, found: %s", path, strerror(errno));
}

/* Hand the file to libpcap, which asks for ns and so gives every fraction in ns. */
static int
open_pcap(struct vega_pcapfile *file)
{
	static const cookie_io_functions_t io = {.read = cookie_read};
	char reason[PCAP_ERRBUF_SIZE] = "";
	FILE *stream = fopencookie(file, "r", io);

	if (stream == NULL || setvbuf(stream, NULL, _IOFBF, BUFFER_BYTES) != 0) {
		if (stream != NULL)
			(void)fclose(stream);
		return VEGA_ERR(-ENOMEM, "%s: need memory to read it", file->name);
	}
	(void)__fsetlocking(stream, FSETLOCKING_BYCALLER); /* one thread reads a file */
	file->pcap = pcap_fopen_offline_with_tstamp_precision(
		stream, PCAP_TSTAMP_PRECISION_NANO, reason);
	if (file->pcap != NULL)
		return 0;
	(void)fclose(stream);
	if (file->read_errno != 0)
		return VEGA_ERR(-EIO, "%s: need to read it, found: %s", file->name,
			strerror(file->read_errno));
	return VEGA_ERR(
		-EBADMSG, "%s: need a pcap or pcapng capture, found: %s", file->name, reason);
}

int
vega_pcapfile_open(const char *path, struct vega_pcapfile **ret_file)
{
	struct vega_pcapfile *file = calloc(1, sizeof(*file));
	int rc;

	if (file == NULL || (file->path = strdup(path)) == NULL) {
		free(file);
		return VEGA_ERR(-ENOMEM, "%s: need memory to read it", path);
	}
	file->name = file->path;
	file->fd = -1;
	rc = open_fd(file, path);
	if (rc == 0)
		rc = read_head(file);
	if (rc == 0)
		rc = open_pcap(file);
	if (rc != 0) {
		vega_pcapfile_close(file);
		return rc;
	}
	file->container = container_of_head(file->head);
	file->linktype = vega_linktype_of_dlt(pcap_datalink(file->pcap));
	*ret_file = file;
	return 0;
}

void
vega_pcapfile_close(struct vega_pcapfile *file)
{
	if (file == NULL)
		return;
	if (file->pcap != NULL)
		pcap_close(file->pcap); /* closes the stream */
	if (file->fd >= 0)
		(void)close(file->fd);
	free(file->path);
	free(file);
}

/* A classic time as written: libpcap has sign-extended both halves, and multiplied a us fraction by 1000. */
static uint64_t
classic_ns(enum container container, const struct timeval *ts)
{
	const uint64_t seconds = (uint32_t)ts->tv_sec;

	if (container == CLASSIC_NS)
		return seconds * NS_A_S + (uint32_t)ts->tv_usec;
	return seconds * NS_A_S + (uint64_t)(uint32_t)(ts->tv_usec / 1000) * 1000;
}

/*
 * Returns 0, or -ERANGE for a time that is no u64 of nanoseconds since 1970. The very last of them is the open end of every
 * interval that has no end: a packet of that time would be left out without a word.
 */
static int
pcapng_ns(const struct timeval *ts, uint64_t *ret_ns)
{
	uint64_t ns;

	if (ts->tv_sec < 0 || ts->tv_usec < 0 || ts->tv_usec >= NS_A_S ||
		__builtin_mul_overflow((uint64_t)ts->tv_sec, (uint64_t)NS_A_S, &ns) ||
		__builtin_add_overflow(ns, (uint64_t)ts->tv_usec, &ns) || ns == UINT64_MAX)
		return -ERANGE;
	*ret_ns = ns;
	return 0;
}

/* The end, or an error, stays: reading on behind damage would be guessing. */
static VEGA_COLD int
end(struct vega_pcapfile *file, int rc)
{
	file->ended = true;
	vega_err_save(&file->end, rc);
	return rc;
}

static VEGA_COLD int
end_damaged(struct vega_pcapfile *file, const char *reason)
{
	if (file->read_errno != 0)
		return end(file, VEGA_ERR(-EIO, "%s: packet %llu: need to read it, found: %s",
					 file->name, (unsigned long long)file->packet_cnt + 1,
					 strerror(file->read_errno)));
	return end(file, VEGA_ERR(-EBADMSG,
				 "%s: packet %llu: need a whole packet, found: %s; the %llu before "
				 "it are good",
				 file->name, (unsigned long long)file->packet_cnt + 1, reason,
				 (unsigned long long)file->packet_cnt));
}

int
vega_pcapfile_next(struct vega_pcapfile *file, struct vega_pcapfile_packet *ret_packet)
{
	struct pcap_pkthdr *hdr;
	const u_char *data;
	uint64_t ns;
	int got;

	if (vega_unlikely(file->ended))
		return file->end.rc < 0 ? vega_err_restore(&file->end) : 0;
	got = pcap_next_ex(file->pcap, &hdr, &data);
	if (vega_unlikely(got != 1)) {
		if (got == PCAP_ERROR_BREAK || file->stopped)
			return end(file, 0);
		return end_damaged(file, pcap_geterr(file->pcap));
	}
	if (file->container != PCAPNG)
		ns = classic_ns(file->container, &hdr->ts);
	else if (vega_unlikely(pcapng_ns(&hdr->ts, &ns) != 0))
		return end_damaged(file,
			"a time outside 1970 to 2554, which nanoseconds since 1970 cannot hold");
	ret_packet->data = data;
	ret_packet->recv_ns = ns;
	ret_packet->captured_bytes = hdr->caplen;
	ret_packet->wire_bytes = hdr->len;
	file->packet_cnt++;
	return 1;
}

void
vega_pcapfile_stop_on(struct vega_pcapfile *file, const uint64_t *stop)
{
	file->stop = stop;
}

uint32_t
vega_pcapfile_linktype(const struct vega_pcapfile *file)
{
	return file->linktype;
}

uint64_t
vega_pcapfile_packet_cnt(const struct vega_pcapfile *file)
{
	return file->packet_cnt;
}
