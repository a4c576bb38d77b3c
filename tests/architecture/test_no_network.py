"""The guard that keeps every other test off the network does its work."""

import socket

import pytest


def test_another_machine_cannot_be_reached() -> None:
    with socket.socket() as connection, pytest.raises(RuntimeError, match="reached for the network"):
        connection.connect(("192.0.2.1", 80))


def test_a_name_cannot_be_looked_up() -> None:
    with pytest.raises(RuntimeError, match="reached for the network"):
        socket.create_connection(("example.invalid", 80))


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
