"""FunASR's websockets: the C++ and Python runtimes' offline, online and 2pass modes, and funasr-realtime-server's commands."""
