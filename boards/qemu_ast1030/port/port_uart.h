#ifndef ANJU_PORT_UART_H
#define ANJU_PORT_UART_H

// After a soft reset all lines are closed.
void uart_deinit_all(void);

#endif
