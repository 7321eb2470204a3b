using CityMonitor.ServiceDefaults;
using CityMonitor.TelephonyApi;

var builder = WebApplication.CreateBuilder(args);
builder.AddCityMonitor("TelephonyApi").AddTelephony();

var app = builder.Build();
app.UseCityMonitor().MapTelephony();
app.Run();
