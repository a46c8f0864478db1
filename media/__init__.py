"""Voice media: RTP legs, prompts, mixing and the engines that run them.

Pure modules: rtp, outstream, jitter, dtmf, codecs, mixer, ports, player. The rest is the shell around them.
"""
