/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_ERR_H
#define VEGA_BASE_ERR_H
/*
 * Errors: a function returns 0 or -errno; the words travel in a thread-local message.
 *
 * Where it happens:	return VEGA_ERR(-ENOENT, "need a journal folder, found no %s; check --journal", dir);
 * On the way up:	return VEGA_ERR_ADD(rc, "feed %s", name);	puts "feed NSE_FO: " in front
 * In a main:		return vega_err_exit("vega-capture", rc);	prints the line, gives the exit status
 *
 * A message is one line without control characters and says what was needed, what was found and what to do. Libraries never
 * print, log or exit. Threads: each has its own message. No allocation.
 */
#include <errno.h>
#include <stddef.h>
#include <sysexits.h>

#include "hugepages/base/attr.h"

#define VEGA_ERR_BYTES 1024

/*
 * Set the calling thread's message and return rc.
 *
 * Params: rc		negative errno
 *	   exit_status	a sysexits.h value, or 0 to derive it from rc: EINVAL 64, EBADMSG/EILSEQ 65, ENOENT 66,
 *			ENODEV/ENOMEM/ENOTSUP/ENOSYS 69, EEXIST/ENOSPC/EROFS 73, EIO and others 74, EBUSY 75,
 *			EACCES/EPERM 77
 */
int vega_err_set(int rc, int exit_status, const char *fmt, ...) VEGA_PRINTF(3, 4);

/* Put "fmt: " in front of the calling thread's message; returns rc. */
int vega_err_add(int rc, const char *fmt, ...) VEGA_PRINTF(2, 3);

#define VEGA_ERR(rc, ...)            vega_err_set((rc), 0, __VA_ARGS__)
#define VEGA_ERR_EX(rc, status, ...) vega_err_set((rc), (status), __VA_ARGS__)
#define VEGA_ERR_CONFIG(...)         vega_err_set(-EINVAL, EX_CONFIG, __VA_ARGS__)
#define VEGA_ERR_ADD(rc, ...)        vega_err_add((rc), __VA_ARGS__)

/* The calling thread's message ("" when none) and the exit status that goes with it. */
const char *vega_err_text(void); /* NOLINT: store/vega_journal.h, installed, tells it too */
int vega_err_status(void);

/* Carry a message from one thread to another (a worker's failure to the main). */
struct vega_err {
	int rc;
	int exit_status;
	char text[VEGA_ERR_BYTES];
};
void vega_err_save(struct vega_err *err, int rc);
int vega_err_restore(const struct vega_err *err);

/* For mains: print "program: message" on standard error and return the exit status for rc. */
int vega_err_exit(const char *program, int rc);

#endif
