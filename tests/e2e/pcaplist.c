/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests: one line a packet as the tree's own reader sees it: "ns captured wire linktype hex-of-the-bytes' CRC32C".
 * Exit status as every program's: 65 with one line when the file is damaged, after the packets before the damage.
 */
#include <inttypes.h>
#include <stdio.h>

#include "hugepages/base/crc32c.h"
#include "hugepages/base/err.h"
#include "hugepages/base/pcapfile.h"

int
main(int argc, char **argv)
{
	struct vega_pcapfile_packet p;
	struct vega_pcapfile *file;
	int rc;

	if (argc != 2)
		return EX_USAGE;
	rc = vega_pcapfile_open(argv[1], &file);
	if (rc != 0)
		return vega_err_exit("pcaplist", rc);
	while ((rc = vega_pcapfile_next(file, &p)) > 0)
		(void)printf("%" PRIu64 " %u %u %u %08x\n", p.recv_ns, p.captured_bytes,
			p.wire_bytes, vega_pcapfile_linktype(file),
			vega_crc32c(0, p.data, p.captured_bytes));
	vega_pcapfile_close(file);
	return vega_err_exit("pcaplist", rc);
}
