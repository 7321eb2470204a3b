using CityMonitor.IncidentPoller;
using CityMonitor.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddCityMonitor("IncidentPoller");
builder.AddIncidentPoller();

var app = builder.Build();
app.UseCityMonitor();
app.MapPollerStatus();
app.Run();
