/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/base/pcapout.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/err.h"
#include "hugepages/base/linktype.h"

#define BUFFER_BYTES  (1u << 20)
#define SNAPLEN_BYTES 262144 /* the largest frame of a lane, and what other tools write */
#define NS_A_S        1000000000ull

struct vega_pcapout {
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	FILE *stream; /* the dumper's once it exists */
	int rc;       /* first error */
	char *path;
};

static int
write_error(struct vega_pcapout *out, int errnum)
{
	const int rc = errnum != 0 ? -errnum : -EIO;

	if (out->rc == 0)
		out->rc = VEGA_ERR(rc, "%s: need to write it, found: %s", out->path, strerror(-rc));
	return out->rc;
}

static int
open_stream(struct vega_pcapout *out)
{
	if (strcmp(out->path, "-") == 0) {
		int fd = dup(STDOUT_FILENO);

		out->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
	} else {
		out->stream = fopen(out->path, "we");
	}
	if (out->stream == NULL && (errno == EACCES || errno == EPERM))
		return VEGA_ERR(-EACCES,
			"%s: need permission to create it, found: %s; check the folder's owner and "
			"mode",
			out->path, strerror(errno));
	if (out->stream == NULL)
		return VEGA_ERR_EX(-errno, EX_CANTCREAT, "%s: need to create it, found: %s",
			out->path, strerror(errno));
	(void)setvbuf(out->stream, NULL, _IOFBF, BUFFER_BYTES);
	(void)__fsetlocking(out->stream, FSETLOCKING_BYCALLER);
	return 0;
}

/* The link type is settled before the path is touched, so that a refusal leaves what was there. */
static int
check_linktype(struct vega_pcapout *out, uint32_t linktype)
{
	char header[64];
	char text[32];
	pcap_dumper_t *dumper;
	FILE *nowhere;

	out->pcap = pcap_open_dead_with_tstamp_precision(
		vega_linktype_to_dlt(linktype), SNAPLEN_BYTES, PCAP_TSTAMP_PRECISION_NANO);
	nowhere = fmemopen(header, sizeof(header), "w");
	if (out->pcap == NULL || nowhere == NULL) {
		if (nowhere != NULL)
			(void)fclose(nowhere);
		return VEGA_ERR(-ENOMEM, "%s: need memory to write it", out->path);
	}
	dumper = pcap_dump_fopen(out->pcap, nowhere);
	if (dumper == NULL) {
		(void)fclose(nowhere);
		return VEGA_ERR(-EBADMSG,
			"%s: need a link type that classic pcap has a value for, found %s "
			"(LINKTYPE %u); use pcapng",
			out->path, vega_linktype_text(text, linktype), linktype);
	}
	pcap_dump_close(dumper);
	return 0;
}

int
vega_pcapout_open(const char *path, uint32_t linktype, struct vega_pcapout **ret_out)
{
	struct vega_pcapout *out = calloc(1, sizeof(*out));
	int rc;

	if (out == NULL || (out->path = strdup(path)) == NULL) {
		free(out);
		return VEGA_ERR(-ENOMEM, "%s: need memory to write it", path);
	}
	rc = check_linktype(out, linktype);
	if (rc == 0)
		rc = open_stream(out);
	if (rc == 0) {
		out->dumper = pcap_dump_fopen(out->pcap, out->stream);
		if (out->dumper == NULL)
			rc = VEGA_ERR_EX(-EIO, EX_CANTCREAT, "%s: need to create it, found: %s",
				path, pcap_geterr(out->pcap));
	}
	if (rc != 0) {
		out->rc = rc;
		return vega_pcapout_close(out);
	}
	*ret_out = out;
	return 0;
}

int
vega_pcapout_put(struct vega_pcapout *out, const uint8_t *data, uint32_t captured_bytes,
	uint32_t wire_bytes, uint64_t recv_ns)
{
	const uint64_t seconds = recv_ns / NS_A_S;
	const struct pcap_pkthdr hdr = {
		.ts = {.tv_sec = (time_t)seconds, .tv_usec = (suseconds_t)(recv_ns % NS_A_S)},
		.caplen = captured_bytes,
		.len = wire_bytes,
	};

	if (vega_unlikely(seconds > UINT32_MAX))
		return VEGA_ERR(-EBADMSG,
			"%s: need times before 2106-02-07 (32 bits of seconds), found %llu s; use "
			"pcapng",
			out->path, (unsigned long long)seconds);
	errno = 0;
	pcap_dump((u_char *)out->dumper, &hdr, data); /* tells no error: the stream does */
	if (vega_unlikely(ferror(out->stream)))
		return write_error(out, errno);
	return 0;
}

int
vega_pcapout_flush(struct vega_pcapout *out)
{
	errno = 0;
	if (fflush(out->stream) != 0 || ferror(out->stream))
		return write_error(out, errno);
	return 0;
}

int
vega_pcapout_close(struct vega_pcapout *out)
{
	int rc;

	if (out == NULL)
		return 0;
	if (out->dumper != NULL && out->rc == 0)
		out->rc = vega_pcapout_flush(out);
	if (out->dumper != NULL)
		pcap_dump_close(out->dumper);
	else if (out->stream != NULL)
		(void)fclose(out->stream);
	if (out->pcap != NULL)
		pcap_close(out->pcap);
	rc = out->rc;
	free(out->path);
	free(out);
	return rc;
}
