/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local struct vega_err current;

static int
status_of(int rc)
{
	switch (-rc) {
	case EINVAL:
		return EX_USAGE;
	case EBADMSG:
	case EILSEQ:
		return EX_DATAERR;
	case ENOENT:
		return EX_NOINPUT;
	case ENODEV:
	case ENOMEM:
	case ENOTSUP:
	case ENOSYS:
		return EX_UNAVAILABLE;
	case EEXIST:
	case ENOSPC:
	case EROFS:
		return EX_CANTCREAT;
	case EBUSY:
		return EX_TEMPFAIL;
	case EACCES:
	case EPERM:
		return EX_NOPERM;
	default:
		return EX_IOERR;
	}
}

/* Names come from files, too: one line it stays, and no terminal takes any of it for a command. */
static void
make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			*text = '?';
}

int
vega_err_set(int rc, int exit_status, const char *fmt, ...)
{
	va_list ap;

	current.rc = rc;
	current.exit_status = exit_status != 0 ? exit_status : status_of(rc);
	va_start(ap, fmt);
	(void)vsnprintf(current.text, sizeof(current.text), fmt, ap);
	va_end(ap);
	make_printable(current.text);
	return rc;
}

int
vega_err_add(int rc, const char *fmt, ...)
{
	char front[VEGA_ERR_BYTES];
	size_t front_len;
	size_t text_len;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(front, sizeof(front) - 2, fmt, ap);
	va_end(ap);
	make_printable(front);
	front_len = strlen(front);
	memcpy(front + front_len, ": ", 3);
	front_len += 2;
	text_len = strlen(current.text);
	if (text_len > sizeof(current.text) - 1 - front_len)
		text_len = sizeof(current.text) - 1 - front_len;
	memmove(current.text + front_len, current.text, text_len);
	current.text[front_len + text_len] = '\0';
	memcpy(current.text, front, front_len);
	current.rc = rc;
	return rc;
}

const char *
vega_err_text(void)
{
	return current.text;
}

int
vega_err_status(void)
{
	return current.exit_status != 0 ? current.exit_status : status_of(current.rc);
}

void
vega_err_save(struct vega_err *err, int rc)
{
	*err = current;
	err->rc = rc;
}

int
vega_err_restore(const struct vega_err *err)
{
	current = *err;
	return err->rc;
}

int
vega_err_exit(const char *program, int rc)
{
	if (rc >= 0)
		return EX_OK;
	if (current.text[0] == '\0' || current.rc != rc)
		(void)fprintf(stderr, "%s: %s\n", program, strerror(-rc));
	else
		(void)fprintf(stderr, "%s: %s\n", program, current.text);
	return current.rc == rc ? vega_err_status() : status_of(rc);
}
