using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>
/// The automation rule "when a ticket is created or updated, trigger webhook". It fires on changes made through the API
/// too, as the real one does. A delivery that is not answered with 2xx is repeated after each of the configured waits.
/// </summary>
sealed class AutomationWebhook(
    TicketStore store, IHttpClientFactory clients, IOptions<FreshdeskOptions> options, TimeProvider time, ILogger<AutomationWebhook> log)
    : BackgroundService
{
    public const string ClientName = "freshdesk-automation";

    static readonly TimeSpan[] UsualRetries = [TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(60)];

    readonly record struct Delivery(TicketEvent Happened, int Attempt);

    // Freshdesk defers what exceeds its own limit; here the newest is dropped, which the next poll of the receiver makes good.
    readonly Channel<Delivery> deliveries = Channel.CreateBounded<Delivery>(
        new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropWrite });

    TimeSpan[] Retries => options.Value.WebhookRetries ?? UsualRetries;

    // Before anybody can file a ticket, which ExecuteAsync, on its own thread, would not promise.
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        store.Happened += Enqueue;
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Parallel.ForEachAsync(
                deliveries.Reader.ReadAllAsync(stoppingToken),
                new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = stoppingToken },
                async (delivery, cancellation) => await DeliverAsync(delivery, cancellation));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            Log.Stopped(log);
        }
        finally
        {
            store.Happened -= Enqueue;
        }
    }

    void Enqueue(TicketEvent happened)
    {
        if (happened.Action is "created" or "updated" && !string.IsNullOrEmpty(options.Value.WebhookUrl))
        {
            deliveries.Writer.TryWrite(new Delivery(happened, 0));
        }
    }

    async Task DeliverAsync(Delivery delivery, CancellationToken cancellation)
    {
        if (await TryDeliverAsync(delivery.Happened, cancellation))
        {
            return;
        }

        if (delivery.Attempt == Retries.Length)
        {
            Log.GaveUp(log, delivery.Happened.Ticket.Id, options.Value.WebhookUrl!);
            return;
        }

        // Not awaited here: a receiver that is down must not hold up the deliveries behind.
        ITimer? timer = null;
        timer = time.CreateTimer(
            _ =>
            {
                deliveries.Writer.TryWrite(delivery with { Attempt = delivery.Attempt + 1 });
                timer?.Dispose();
            },
            null, Retries[delivery.Attempt], Timeout.InfiniteTimeSpan);
    }

    async Task<bool> TryDeliverAsync(TicketEvent happened, CancellationToken cancellation)
    {
        // Sample: {"freshdesk_webhook":{"ticket_id":1001,"ticket_subject":"...","ticket_status":"Open","triggered_event":"{ticket_action:created}"}}
        var body = new JsonObject
        {
            ["freshdesk_webhook"] = new JsonObject
            {
                ["ticket_id"] = happened.Ticket.Id,
                ["ticket_subject"] = happened.Ticket.Subject,
                ["ticket_status"] = FieldCatalog.Statuses.GetValueOrDefault(happened.Ticket.Status),
                ["triggered_event"] = $"{{ticket_action:{happened.Action}}}",
            },
        };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, options.Value.WebhookUrl);
            request.Content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue("application/json"));
            if (!string.IsNullOrEmpty(options.Value.WebhookSecret))
            {
                request.Headers.Add("X-City-Monitor-Key", options.Value.WebhookSecret);
            }

            using var response = await clients.CreateClient(ClientName).SendAsync(request, cancellation);
            if (!response.IsSuccessStatusCode)
            {
                Log.Refused(log, happened.Ticket.Id, (int)response.StatusCode);
            }

            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            Log.Unreachable(log, happened.Ticket.Id, e.Message);
            return false;
        }
    }
}

static partial class Log
{
    [LoggerMessage(8401, LogLevel.Information, "Freshdesk automation for ticket {Ticket} was answered with {Status}; it is repeated later")]
    public static partial void Refused(ILogger log, long ticket, int status);

    [LoggerMessage(8402, LogLevel.Information, "Freshdesk automation for ticket {Ticket} could not be delivered: {Reason}; it is repeated later")]
    public static partial void Unreachable(ILogger log, long ticket, string reason);

    [LoggerMessage(8403, LogLevel.Warning, "Freshdesk automation for ticket {Ticket} to {Url} was given up")]
    public static partial void GaveUp(ILogger log, long ticket, string url);

    [LoggerMessage(8404, LogLevel.Debug, "Freshdesk automation stopped with the simulator")]
    public static partial void Stopped(ILogger log);
}
