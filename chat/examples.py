"""One example of each message, for the documentation and for tests."""

from chat import messages as c

_T = 1_800_000_000_000_000
_STATUS = c.Status(version=1, chat_id="1HRZ0K3Q2ABCDEFGH", state="waiting", last=1, place=3, expected_wait_s=95)
_LINE = c.Line(
    number=1, author="customer", name="Visitor", text="Where is my <b>parcel</b>?", at_us=_T, client_id="open"
)

CLIENT_EXAMPLES: tuple[c.ClientMessage, ...] = (
    c.Open(
        entry="web",
        key="Q2k1r0w9-3fJxT7bZp5m_A8cVnLsYhUe",
        question="Where is my <b>parcel</b>?",
        name="Visitor",
        locale="zh-CN",
        visitor_id="v-6f1d9a40c2e84b7f",
        user=c.User(id="customer-1", proof="d8ee89e7a19c0a2d03f03fb1e1b6c04f63e5b6dba0c5a3e07f8b0c4fbd2a6d11"),
    ),
    c.Resume(token="the-token-of-the-chat", after=4),  # noqa: S106  an example
    c.Say(client_id="m-17", text="It is the blue one."),
    c.Typing(on=True),
    c.Receipt(delivered=5, read=4),
    c.End(),
    c.Rate(score=5),
    c.Ping(),
)

SERVER_EXAMPLES: tuple[c.ServerMessage, ...] = (
    c.Welcome(status=_STATUS, server_time_us=_T, token="the-token-of-the-chat"),  # noqa: S106  an example
    c.StatusShown(
        status=c.Status(
            version=4,
            chat_id="1HRZ0K3Q2ABCDEFGH",
            state="talking",
            last=2,
            agent="Demo agent 1",
            typing=True,
            delivered=2,
            read=1,
        )
    ),
    c.Messages(
        messages=(
            _LINE,
            c.Line(number=2, author="agent", name="Demo agent 1", text="Let me look.", at_us=_T + 9_000_000),
            c.Line(
                number=3,
                author="customer",
                name="Visitor",
                text="",
                at_us=_T + 20_000_000,
                client_id="f-1",
                file=c.FilePart(
                    id="6f1d9a40c2e84b7f6f1d9a40c2e84b7f", name="parcel.png", media_type="image/png", size=48_213
                ),
            ),
        )
    ),
    c.StatusShown(
        status=c.Status(
            version=9,
            chat_id="1HRZ0K3Q2ABCDEFGH",
            state="ended",
            last=2,
            agent="Demo agent 1",
            delivered=2,
            read=2,
            ended_by="agent",
            may_rate=True,
        )
    ),
    c.Refused(code="too_long", message="a message has at most 4000 characters", client_id="m-18"),
    c.Pong(server_time_us=_T),
    c.Bye(code=c.ByeCode.SHUTDOWN, reason="the server is stopping; connect again"),
)
