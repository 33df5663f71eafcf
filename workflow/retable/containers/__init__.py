"""Docker: a daemon, here or over ssh; images of the folders in containers/; one container's life.

The SDK asks and answers: it builds, creates, inspects, removes. Streams of bytes go through
Docker's own command, `exec` and `cp`: a job in a container is a child of ours with pipes, as any
other.
"""
