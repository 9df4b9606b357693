-- Every resource of Hera's says with the condition Ready whether it holds, for the generation that observedGeneration names.
local health = {status = "Progressing", message = "no operator has looked at it yet"}
if obj.status == nil or obj.status.conditions == nil then
  return health
end
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Ready" then
    health.message = condition.message
    if condition.observedGeneration ~= nil and condition.observedGeneration < obj.metadata.generation then
      health.message = "the operator has not seen the last change yet"
    elseif condition.status == "True" then
      health.status = "Healthy"
    elseif condition.status == "False" then
      health.status = "Degraded"
    end
  end
end
return health
