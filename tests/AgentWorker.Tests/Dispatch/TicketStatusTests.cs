using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Dispatch;

public sealed class TicketStatusTests
{
    [Fact]
    public void A_no_that_comes_after_the_settled_yes_opens_the_ticket_again()
    {
        var responding = Responding.To().IsAnswered().Accepts().HangsUp();
        responding.Gets(new KeypadPressed(responding.Call, "2", InKeypadMode: true));

        Assert.Equal(IncidentStatus.Declined, responding.State.Status);
        Assert.Equal([TicketStatus.Pending, TicketStatus.Open], responding.Of<UpdateTicket>().Where(u => u.Status is not null).Select(u => u.Status!.Value));
        Assert.Equal(3, responding.Of<UpdateTicket>().Select(u => u.WriteId).Distinct().Count());
        Assert.NotNull(responding.State.Flag);
        Assert.Null(responding.State.AcknowledgedAt);
    }
}
