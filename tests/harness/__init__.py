"""What the black-box tests share: the real program, its HTTP interface, its journal and its log file."""
