#ifndef ANJU_CONSOLE_H
#define ANJU_CONSOLE_H

// The rest of the console is what MicroPython calls mp_hal_stdin and mp_hal_stdout.
void console_init(void);

#endif
