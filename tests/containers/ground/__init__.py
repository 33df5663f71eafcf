"""The test ground for containers: a Docker daemon, a base image and an sshd of our own."""
