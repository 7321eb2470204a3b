namespace CityMonitor.Simulator.Twilio.Webhooks;

/// <summary>
/// Callbacks whose answers nobody waits for. Those about one call or message leave in their order; a slow receiver holds the next
/// one up for a second at most, as Twilio promises an order of sending and none of arrival.
/// </summary>
sealed class OrderedWebhooks(WebhookSender sender, TwilioSettings settings, TimeProvider clock) : IHostedService, IDisposable
{
    static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);
    static readonly TimeSpan OvertakenBy = TimeSpan.FromMilliseconds(600);

    readonly Lock gate = new();
    readonly Dictionary<string, Task> tails = [];
    readonly CancellationTokenSource stopping = new();
    int sent;

    public void Enqueue(Webhook webhook)
    {
        var delivery = settings.StatusCallbacks;
        if (delivery == CallbackDelivery.Missing)
        {
            return;
        }

        lock (gate)
        {
            var before = delivery == CallbackDelivery.OutOfOrder ? Task.CompletedTask : tails.GetValueOrDefault(webhook.Subject, Task.CompletedTask);
            tails[webhook.Subject] = DeliverAsync(webhook, before, delivery, sent++);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        Task[] open;
        lock (gate)
        {
            open = [.. tails.Values];
        }

        await Task.WhenAll(open).WaitAsync(LongestWait, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => stopping.Dispose();

    async Task DeliverAsync(Webhook webhook, Task before, CallbackDelivery delivery, int number)
    {
        // Leaves the caller's thread, which may hold a lock or be the audio's.
        await Task.Yield();
        try
        {
            if (delivery == CallbackDelivery.Late)
            {
                await Task.Delay(TimeSpan.FromSeconds(settings.CallbacksLateSeconds), clock, stopping.Token);
            }

            await Task.WhenAny(before, Task.Delay(LongestWait, clock, stopping.Token));
            if (delivery == CallbackDelivery.OutOfOrder && number % 2 == 0)
            {
                await Task.Delay(OvertakenBy, clock, stopping.Token);
            }

            await sender.SendAsync(webhook, stopping.Token, forged: delivery == CallbackDelivery.Forged);
            if (delivery == CallbackDelivery.Duplicate)
            {
                await sender.SendAsync(webhook, stopping.Token);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The simulator ends; so does what was on its way.
        }
        finally
        {
            Forget(webhook.Subject);
        }
    }

    void Forget(string subject)
    {
        lock (gate)
        {
            if (tails.TryGetValue(subject, out var tail) && tail.IsCompleted)
            {
                tails.Remove(subject);
            }
        }
    }
}
