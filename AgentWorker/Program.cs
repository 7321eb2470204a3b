using CityMonitor.AgentWorker;
using CityMonitor.AgentWorker.Status;
using CityMonitor.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddCityMonitor("AgentWorker");
builder.AddAgent();

var app = builder.Build();
app.UseCityMonitor();
app.MapStatus();
app.Run();
