"""Private servers for tests: RabbitMQ, PostgreSQL and MariaDB on 127.0.0.1, with data and ports of their own."""
