"""The pages where people look: runs, projects, the inbox, the machine's health. Made on the server, of the markup that
reports are made of; a small script keeps them up to date, and without it they are whole. Every page names the command
that says the same."""
