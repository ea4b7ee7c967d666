"""The shell: mailbox, database, SMTP, clock, commands. The only room that touches the world."""
