"""One example of each message, for the documentation and for tests."""

import msgspec

from agents_ws import messages as m
from router.vocabulary import EndedBy, Medium, Presence, WithdrawReason

_T = 1_800_000_000_000_000
_SALES = {"en": "Orders", "zh-CN": "订单", "zh-TW": "訂單"}
_SOLVED = m.Choice(id="solved", label={"en": "Solved", "zh-CN": "已解决", "zh-TW": "已解決"})

_CALLER = m.Caller(display="+1 555 0100", number="+15550100", verified=True)
_REQUIREMENTS = (m.SkillDemand(skill="orders", minimum=5, title={"en": "Orders", "zh-CN": "订单"}),)
_PATH = ("main menu", "1 orders")
_DATA = {"order_number": "20231001"}
_WHY = m.Why(strategy="best_proficiency", terms={"load": 0, "proficiency": 8, "idle_s": 94}, runner_up="agent-7")
_HISTORY = (
    m.PastInteraction(
        interaction_id="int-3",
        at_us=_T - 86_400_000_000,
        channel="main-line",
        queue="orders",
        outcome="handled",
        disposition="solved",
        agent="agent-7",
        note="asked where the parcel is",
    ),
)

OFFER = m.Offer(
    seq=17,
    reservation_id="res-9",
    interaction_id="int-9",
    medium=Medium.VOICE,
    queue="orders",
    queue_title=_SALES,
    caller=_CALLER,
    queued_at_us=_T - 42_000_000,
    waited_ms=42_000,
    requirements=_REQUIREMENTS,
    ivr_path=_PATH,
    data=_DATA,
    why=_WHY,
    history=_HISTORY,
    deadline_us=_T + 20_000_000,
    timeout_ms=20_000,
    due_at_us=_T - 32_000_000,
)
ASSIGNMENT = m.Assignment(
    seq=19,
    reservation_id="res-9",
    interaction_id="int-9",
    medium=Medium.VOICE,
    queue="orders",
    queue_title=_SALES,
    caller=_CALLER,
    queued_at_us=_T - 42_000_000,
    waited_ms=42_000,
    requirements=_REQUIREMENTS,
    ivr_path=_PATH,
    data=_DATA,
    state="connected",
    since_us=_T + 3_000_000,
    connected_at_us=_T + 3_000_000,
)
CALL = m.Call(
    seq=20,
    reservation_id="res-9",
    interaction_id="int-9",
    parties=(
        m.CallParty(id="customer", kind="customer", state="held"),
        m.CallParty(
            id="int-9", kind="agent", state="here", agent="agent-1", name="Agent One", queue="orders", you=True
        ),
        m.CallParty(id="int-9-2", kind="agent", state="coming", queue="after_sales"),
    ),
    recording=m.Recording(state="paused", by="agent-1", name="Agent One", until_us=_T + 120_000_000, may_pause=True),
)
WRAP_UP = m.WrapUp(
    seq=22,
    reservation_id="res-9",
    interaction_id="int-9",
    deadline_us=_T + 150_000_000,
    dispositions=(_SOLVED,),
    extend_s=60,
)

CHAT = m.Assignment(
    seq=31,
    reservation_id="res-12",
    interaction_id="int-12",
    medium=Medium.CHAT,
    queue="web_chat",
    queue_title={"en": "Web chat"},
    caller=m.Caller(display="Visitor", number=""),
    queued_at_us=_T,
    waited_ms=5_000,
    state="connected",
    since_us=_T + 5_000_000,
    connected_at_us=_T + 5_000_000,
    chat=m.ChatCard(
        lines=(m.ChatLine(number=1, author="customer", name="Visitor", text="Where is my <b>parcel</b>?", at_us=_T),),
        locale="en",
        delivered=1,
        read=1,
    ),
)

CLIENT_EXAMPLES: tuple[m.ClientMessage, ...] = (
    m.Hello(token="the-token-of-the-session", session="s-1", last_seq=16, language="zh-CN"),  # noqa: S106  an example
    m.Ack(seq=17),
    m.Ping(ref="p1"),
    m.SetPresence(ref="r1", presence="not_ready", reason="lunch"),
    m.QueuePresence(ref="r30", presence="not_ready", reason="lunch"),
    m.PauseMedia(ref="r31", media=(Medium.VOICE,)),
    m.EchoTest(ref="r32", on=True),
    m.Accept(ref="r2", reservation_id="res-9"),
    m.Reject(ref="r3", reservation_id="res-9", reason="wrong_skill"),
    m.HangUp(ref="r4", reservation_id="res-9"),
    m.Hold(ref="r5", reservation_id="res-9", on=True),
    m.Mute(ref="r11", reservation_id="res-9", on=True),
    m.Transfer(ref="r12", reservation_id="res-9", queue="after_sales", warm=True),
    m.Transfer(
        ref="r26",
        reservation_id="res-11",
        agent="agent2",
        note="Wants a refund for the second parcel.",
    ),
    m.CompleteTransfer(ref="r13", reservation_id="res-9"),
    m.Swap(ref="r14", reservation_id="res-9"),
    m.Conference(ref="r15", reservation_id="res-9"),
    m.DropParty(ref="r16", reservation_id="res-9", party="int-9-2"),
    m.PauseRecording(ref="r19", reservation_id="res-9", on=True),
    m.AskSupervisor(ref="r17", reservation_id="res-9", on=True),
    m.Park(ref="r27", reservation_id="res-11", last=4, until_us=_T + 3_600_000_000),
    m.Unpark(ref="r28", interaction_id="1HRZ0K3Q2ABCDEFGH"),
    m.CallBack(ref="r18", follow_up=7),
    m.WatchTargets(ref="r33", medium=Medium.VOICE),
    m.SendDigit(ref="r6", reservation_id="res-9", digit="5"),
    m.ExtendWrapUp(ref="r16", reservation_id="res-9", by_s=30),
    m.FinishWrapUp(ref="r7", reservation_id="res-9", disposition="solved", note="sent a new one"),
    m.SayInChat(ref="r10", reservation_id="res-12", client_id="c-7", text="Let me look that up for you."),
    m.TypeInChat(reservation_id="res-12", on=True),
    m.ReadChat(reservation_id="res-12", number=3),
    m.OpenLeg(ref="r8", sdp="v=0\r\n"),
    m.SignOut(ref="r9"),
)

_NOTE = m.StaffNote(id=9, by="anna", name="Anna", text="@Ben you know this customer", at_us=_T)

SERVER_EXAMPLES: tuple[m.ServerMessage, ...] = (
    m.Welcome(
        session="s-1",
        agent=m.AgentIdentity(id="agent-1", name="Agent One", role="agent", team="first-line", station="webrtc"),
        resumed=True,
        heartbeat_s=15.0,
        server_time_us=_T,
    ),
    m.Snapshot(
        seq=16,
        presence=Presence.NOT_READY,
        reason="signed_in",
        since_us=_T,
        leg="none",
        reasons=(m.Choice(id="lunch", label={"en": "Lunch", "zh-CN": "午餐", "zh-TW": "午餐"}),),
        dispositions={"orders": (_SOLVED,)},
    ),
    m.PresenceShown(seq=16, presence=Presence.READY, since_us=_T),
    m.PresenceShown(
        seq=16,
        presence=Presence.READY,
        since_us=_T,
        paused=(Medium.VOICE,),
        next=Presence.NOT_READY,
        next_reason="lunch",
    ),
    m.TodayShown(
        seq=17,
        today=m.Today(handled=14, missed=1, mean_handle_us=243_000_000, occupancy=0.71, ratings=3, mean_rating=4.67),
    ),
    OFFER,
    m.Past(seq=39, reservation_id="res-9", interaction_id=OFFER.interaction_id, history=_HISTORY),
    m.OfferWithdrawn(seq=18, reservation_id="res-9", reason=WithdrawReason.ABANDONED),
    ASSIGNMENT,
    msgspec.structs.replace(ASSIGNMENT, seq=21, state="ended", since_us=_T + 120_000_000, by=EndedBy.CUSTOMER),
    CALL,
    m.Listening(
        seq=20,
        interaction_id="int-9",
        mode="whisper",
        parties=(
            m.CallParty(id="customer", kind="customer", state="here"),
            m.CallParty(id="int-9", kind="agent", state="here", agent="agent-1", name="Agent One", queue="orders"),
            m.CallParty(
                id="supervisor:super-1",
                kind="supervisor",
                state="here",
                agent="super-1",
                name="Supervisor One",
                you=True,
                mode="whisper",
                beside="int-9",
            ),
        ),
    ),
    m.Help(
        seq=20,
        interaction_id="int-9",
        reservation_id="res-9",
        agent="agent-1",
        name="Agent One",
        medium=Medium.VOICE,
        since_us=_T + 60_000_000,
    ),
    WRAP_UP,
    m.WrapUpEnded(seq=23, reservation_id="res-9", disposition="solved"),
    m.ChatListeners(
        seq=26,
        reservation_id="res-11",
        listeners=(m.ChatListener(agent="supervisor1", name="Demo supervisor", mode="whisper"),),
    ),
    m.ChatWhispered(
        seq=27,
        reservation_id="res-11",
        whisper=m.ChatWhisper(id=3, name="Demo supervisor", text="Offer a refund.", at_us=_T, after=4),
    ),
    m.AskedSupervisor(seq=28, reservation_id="res-9", on=True, since_us=_T, seen_by="Demo supervisor"),
    m.ChatParked(seq=24, reservation_id="res-11", interaction_id="1HRZ0K3Q2ABCDEFGH"),
    m.Parked(
        seq=25,
        chats=(
            m.ParkedChat(
                interaction_id="1HRZ0K3Q2ABCDEFGH",
                queue="web_chat",
                name="Visitor",
                since_us=_T,
                until_us=_T + 3_600_000_000,
                last="I will look for the invoice.",
            ),
        ),
    ),
    CHAT,
    m.ChatMessage(
        seq=32,
        reservation_id="res-12",
        number=2,
        author="agent",
        name="Agent One",
        text="Let me look that up for you.",
        at_us=_T + 9_000_000,
        client_id="c-7",
    ),
    m.ChatTyping(seq=33, reservation_id="res-12", on=True),
    m.ChatReceipt(seq=34, reservation_id="res-12", delivered=2, read=2),
    m.NoteAdded(seq=36, reservation_id="res-12", interaction_id="1HRZ0K3Q2ABCDEFGH", note=_NOTE),
    m.Mentioned(seq=37, id=4, interaction_id="1HRZ0K3Q2ABCDEFGH", note=_NOTE),
    m.CustomerChanged(seq=35, reservation_id="res-12", interaction_id="1HRZ0K3Q2ABCDEFGH"),
    m.Targets(
        seq=38,
        medium=Medium.VOICE,
        agents=(m.TargetAgent(agent_id="agent-7", name="Agent Seven", availability="busy"),),
        queues=(m.TargetQueue(queue="orders", title="Orders", waiting=2, free=1, titles=_SALES),),
        whole=True,
    ),
    m.FollowUpChanged(
        seq=39,
        follow_up=m.FollowUp(
            id=7,
            kind="callback",
            interaction_id="int-8",
            queue="orders",
            number="+15550100",
            language="en",
            path="main menu > 1 orders",
            created_at=_T,
            queue_title="Orders",
            taken_by="agent-7",
            taken_by_name="Agent Seven",
            taken_at=_T + 60_000_000,
        ),
    ),
    m.Leg(seq=24, state="up"),
    m.LegAnswer(seq=25, ref="r8", sdp="v=0\r\n"),
    m.Done(seq=26, ref="r2"),
    m.Refused(seq=27, ref="r3", code="offer_gone", message="the offer is over"),
    m.Pong(server_time_us=_T, ref="p1"),
    m.Bye(code=m.ByeCode.REPLACED, reason="a newer connection of this agent took over"),
)
