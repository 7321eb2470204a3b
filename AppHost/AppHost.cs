using CityMonitor.AppHost;
using CityMonitor.Hosting;

// The topology of City Monitor. Redis holds the state, the services talk over its streams; each vendor's credentials go to the one
// service that speaks with it; a vendor without credentials is the Simulator.
var builder = DistributedApplication.CreateBuilder(args);
var redis = builder.AddCityRedis();
var vendors = builder.AddVendors();

var simulator = builder.AddSimulator(vendors);

var telephony = builder.AddService<Projects.TelephonyApi>(Topology.TelephonyApi, redis, vendors, simulator)
    .WithExternalHttpEndpoints();
var media = builder.AddService<Projects.MediaBridge>(Topology.MediaBridge, redis, vendors, simulator)
    .WithExternalHttpEndpoints();
var worker = builder.AddService<Projects.AgentWorker>(Topology.AgentWorker, redis, vendors, simulator)
    .WithReplicas(builder.ExecutionContext.IsPublishMode ? 2 : 1);
var poller = builder.AddService<Projects.IncidentPoller>(Topology.IncidentPoller, redis, vendors, simulator);

// Twilio calls TelephonyApi and streams to MediaBridge under these addresses; everybody computes signatures and URLs from them.
builder.AddPublicUrls(telephony, media, vendors, [telephony, media, worker, poller]);
simulator.AddNumberWebhooks(telephony);
builder.AddTicketWebhook(telephony, simulator, vendors);

builder.Build().Run();
